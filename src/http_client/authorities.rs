//! Whom this machine trusts to vouch for others. That is read with each client, and again when a certificate is
//! refused: what an update of `ca-certificates` has brought counts for clients that live as long as the process, too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// How long what was read holds, whatever is refused. To read it takes milliseconds: where a server's certificate has
/// expired, not every handshake may take them.
const HOLDS: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug)]
struct Authorities {
    provider: Arc<CryptoProvider>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    verifier: Arc<Verifier>,
    /// When it was read.
    read: Instant,
}

/// What TLS is made with.
///
/// # Errors
/// When there is nobody to trust.
pub(super) fn client_config() -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let known = Known { verifier: Arc::new(Verifier::new(Arc::clone(&provider))?), read: Instant::now() };
    let authorities = Authorities { provider, known: Mutex::new(known) };
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(authorities)).with_no_client_auth())
}

impl Authorities {
    fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.known().verifier)
    }

    /// What was read since this one, or is read now; `None` = this one was read just before.
    fn newer_than(&self, before: &Arc<Verifier>) -> Option<Arc<Verifier>> {
        let mut known = self.known();
        if Arc::ptr_eq(&known.verifier, before) {
            if known.read.elapsed() < HOLDS {
                return None;
            }
            known.read = Instant::now();
            // Where nothing can be read, what was known holds.
            known.verifier = Arc::new(Verifier::new(Arc::clone(&self.provider)).ok()?);
        }
        Some(Arc::clone(&known.verifier))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Authorities {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = |by: &Verifier| by.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let known = self.verifier();
        judged(&known).or_else(|error| match self.newer_than(&known) {
            Some(newer) => judged(&newer),
            None => Err(error),
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier().supported_verify_schemes()
    }
}
