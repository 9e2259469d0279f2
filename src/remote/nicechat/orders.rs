//! The listing of orders (API page, "Orders"): read only, and about people. Nothing of an answer is repeated in an error.

use bytes::Bytes;
use reqwest::Method;
use serde_json::value::RawValue;
use url::Url;

use super::client::{client, next_page};
use super::page::{self, Frame};
use super::service::Discreet;
use crate::config;
use crate::order::Listed;
use crate::remote::error::CallError;
use crate::remote::http::{Client, Request};
use crate::remote::json::without_half_surrogates;
use crate::remote::limit::Limits;
use crate::remote::traffic::Traffic;

/// Where the listing is, below the address of the settings.
const LISTING: &str = "marketplaces/v1/orders/";

/// Reads the listing of orders.
pub struct OrdersReader(Client<Discreet>);

/// Where a page of the listing is to be had.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrdersAddress(Url);

/// A part of the listing.
#[derive(Debug)]
pub struct OrdersPage {
    /// How many orders the whole listing has, by NiceChat's own count.
    pub count: Option<u64>,
    /// What is listed, in NiceChat's order.
    pub listed: Vec<Listed>,
    /// The page after this one.
    pub next: Option<OrdersAddress>,
}

impl OrdersReader {
    /// Prepares calls; nothing is sent yet.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn connect(settings: &config::NiceChat, limits: &Limits) -> Result<OrdersReader, reqwest::Error> {
        client(settings, &[], limits, Discreet).map(OrdersReader)
    }

    /// Where the listing begins.
    ///
    /// # Errors
    /// When the settings' address can't take a path.
    pub fn first_page(&self) -> Result<OrdersAddress, CallError> {
        self.0.url(LISTING).map(OrdersAddress)
    }

    /// One page of it.
    ///
    /// # Errors
    /// As of any call; an answer that can't be one is a [`CallError::Strange`]. [`CallError::Missing`] when a page that
    /// another one named isn't there any more.
    pub async fn page(&self, address: &OrdersAddress) -> Result<OrdersPage, CallError> {
        let request = Request { method: Method::GET, url: address.0.clone(), body: Bytes::new() };
        let first = self.first_page()?;
        let (frame, listed) = self.0.call(&request, read).await.map_err(|error| match error {
            CallError::Missing if first == *address => {
                CallError::Strange("there is no listing at its address (404); check base_url".into())
            }
            other => other,
        })?;
        let Frame { count, next } = frame;
        let next = next.map(|next| next_page(&self.0, LISTING, &address.0, &next).map(OrdersAddress)).transpose();
        let next = next.map_err(|_| CallError::Strange("the listing's next page is elsewhere".to_owned()))?;
        Ok(OrdersPage { count, listed, next })
    }

    /// What went over this connection so far.
    pub fn traffic(&self) -> Traffic {
        self.0.traffic().clone()
    }
}

fn read(result: Option<&RawValue>) -> Result<(Frame, Vec<Listed>), CallError> {
    let mut listed = Vec::new();
    let frame = page::read_each(result, |item| listed.push(Listed::read(&without_half_surrogates(item.get()))));
    // The reader's own words may have a value in them.
    let frame = frame.map_err(|_| CallError::Strange("the answer is no listing of orders".to_owned()))?;
    Ok((frame, listed))
}
