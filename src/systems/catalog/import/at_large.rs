//! Imports that were given up, but that NiceChat may carry out yet: hours after the pass that saw nothing of them.

use tracing::info;

use super::Importer;
use crate::remote::CallError;
use crate::remote::nicechat::ImportStatus;
use crate::systems::catalog::error::PassError;
use crate::systems::catalog::listing::{LAST_LISTING, is_due_after};
use crate::systems::catalog::store::AtLarge;
use crate::systems::catalog::store::ReadImports as _;
use crate::systems::catalog::store::WriteImports as _;

/// So many passes ask after an import one after the other, and then each that many.
const PATIENT: u32 = 100;
/// After so many passes nobody asks any more.
const LONGEST: u32 = 100_000;

impl Importer<'_> {
    /// Looks whether an import that was given up has had its effect by now.
    pub(in crate::systems::catalog) async fn look_for_lost(&self) -> Result<(), PassError> {
        let Some(lost) = self.context.state.reader()?.import_at_large()? else { return Ok(()) };
        let lost = AtLarge { passes: lost.passes.saturating_add(1), ..lost };
        let state = &self.context.state;
        let Some(token) = lost.token.clone() else {
            // Nobody can be asked after it: it is looked for in the listing.
            let is_over = lost.passes >= LAST_LISTING;
            if is_over || is_due_after(lost.passes) {
                state.import_may_have_landed(lost, is_over).await?;
            } else {
                state.still_at_large(lost).await?;
            }
            return Ok(());
        };
        let is_due = lost.passes <= PATIENT || lost.passes.is_multiple_of(PATIENT);
        let answer = if is_due { Some(self.nicechat.reader().import_result(&token).await) } else { None };
        let ended = match answer {
            Some(Ok(result)) => matches!(result.status, ImportStatus::Success | ImportStatus::Failed),
            Some(Err(CallError::Missing)) => {
                info!(import = %token, "what was given up is forgotten (404); the listing is read now and then");
                let forgotten = AtLarge { token: None, passes: 0, ..lost };
                return Ok(state.import_may_have_landed(forgotten, false).await?);
            }
            // Whatever else it is, the pass will find out.
            Some(Err(_)) | None => false,
        };
        if !ended && lost.passes < LONGEST {
            return Ok(state.still_at_large(lost).await?);
        }
        info!(import = %token, "an import that was given up has ended; the listing is read");
        Ok(state.import_may_have_landed(lost, true).await?)
    }
}
