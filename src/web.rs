//! The web port: whether the server is well, and the pages that links lead to.
//!
//! The pages are made here, without JavaScript, and hold no state: a page that is
//! fetched changes nothing, since programs fetch links to preview them.

mod address;
mod confirm;
mod connect;
mod entrance;
mod form;
mod health;
mod invitation;
mod layout;
mod places;
mod reset;
mod speech;
mod upgrade;
mod visitor;

pub(crate) use address::PublicUrl;
pub(crate) use entrance::Entrance;
pub(crate) use health::Checkup;
pub(crate) use places::Places;
pub(crate) use upgrade::Upgrade;

use crate::server::Addresses;
use actix_http::error::DispatchError;
use actix_http::{HttpService, Request};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::{App, HttpResponse, web};
use entrance::{Stream, Visit};
use qunliao_actors::clock::now_ms;
use qunliao_actors::contacts::PhoneBook;
use qunliao_actors::{House, Limits};
use qunliao_storage::links::Link;
use qunliao_storage::{Accounts, Links};
use speech::Speech;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// Connections for which there is no place, on their way out.
const LEAVING_MAX: usize = 64;
/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Seconds that requests under way get when the server stops.
const SHUTDOWN_SECONDS: u64 = 2;
/// How long an end may take.
const DISCONNECT: Duration = Duration::from_secs(1);
/// Longest token that is looked up, in bytes.
const TOKEN_BYTES_MAX: usize = 512;
/// What a page may load: our own style sheet and pictures, and no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the pages need to know.
pub(crate) struct Pages {
    pub(crate) house: Arc<House>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) links: Arc<dyn Links>,
    pub(crate) public: PublicUrl,
    pub(crate) upgrade: Upgrade,
    pub(crate) phones: PhoneBook,
    pub(crate) addresses: Addresses,
}

/// The HTTP server, to be driven by the caller.
pub(crate) fn serve(
    listener: TcpListener,
    entrance: Entrance,
    checkup: Checkup,
    pages: Pages,
) -> std::io::Result<Server> {
    let (checkup, pages) = (web::Data::new(checkup), web::Data::new(pages));
    let access = web::Data::new(entrance.access.clone());
    let connections_max = connections_max(&pages.house.limits);
    let app = move || {
        App::new()
            .app_data(checkup.clone())
            .app_data(access.clone())
            .app_data(pages.clone())
            .wrap(from_fn(visitor::demand_tls))
            .wrap(discretion())
            .configure(routes)
    };
    // As actix-web's own server does it, but for who is let in, and how.
    let service = move || {
        let entrance = entrance.clone();
        let app = IntoServiceFactory::<_, Request>::into_factory(app());
        let app = app.map_err(|why| why.error_response());
        let http = HttpService::build()
            .client_request_timeout(HEAD_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT)
            .on_connect_ext(|stream: &Stream, data| {
                data.insert(Visit::of(stream));
            })
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |socket| entrance.clone().admit(socket))
            .map_err(DispatchError::Io)
            .and_then(http)
    };
    Ok(Server::build()
        .workers(1)
        .max_concurrent_connections(connections_max)
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .listen("web", listener, service)?
        .run())
}

/// How many connections this port has at most, those on their way out among them.
pub(crate) fn connections_max(limits: &Limits) -> usize {
    Places::count_max(limits).saturating_add(LEAVING_MAX)
}

fn routes(app: &mut web::ServiceConfig) {
    let link = |path: &str| {
        web::resource(format!("/{path}/{{token}}"))
            .route(web::get().to(invitation::show))
            .route(web::head().to(invitation::show))
            .route(web::post().to(invitation::accept))
    };
    app.service(
        web::resource("/healthz")
            .route(web::get().to(health::healthz))
            .route(web::head().to(health::healthz)),
    )
    .service(
        web::resource("/")
            .route(web::get().to(connect::show))
            .route(web::head().to(connect::show)),
    )
    .service(link("setup"))
    .service(link("invite"))
    .service(
        web::resource("/reset/{token}")
            .route(web::get().to(reset::show))
            .route(web::head().to(reset::show))
            .route(web::post().to(reset::accept)),
    )
    .service(
        web::resource("/confirm")
            .route(web::get().to(confirm::show))
            .route(web::head().to(confirm::show))
            .route(web::post().to(confirm::accept)),
    )
    .route("/style.css", web::get().to(layout::style))
    .route("/mark.svg", web::get().to(layout::mark))
    .default_service(web::to(layout::not_found));
}

/// What goes with every answer: addresses of pages are secrets, and stay here.
fn discretion() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("Content-Security-Policy", POLICY))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("X-Robots-Tag", "noindex, nofollow"))
        .add(("Cache-Control", "no-store"))
}

/// The link that `token` is, if it works; or the page that says that it is not known.
async fn link_of(pages: &Pages, token: &str, speech: Speech) -> Result<Option<Link>, HttpResponse> {
    if token.len() > TOKEN_BYTES_MAX {
        return Ok(None);
    }
    let link = pages.links.link(token.to_owned(), now_ms()).await;
    link.map_err(|why| {
        log::warn!("event=page_failed error=\"{why}\"");
        layout::unavailable(speech)
    })
}
