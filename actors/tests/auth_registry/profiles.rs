//! What users say of themselves.

use super::*;
use qunliao_actors::auth_registry::{EditProfile, ProfileEdit, SendResetCode};
use qunliao_delivery::Language as MailLanguage;
use qunliao_protocol::auth::UserCard;
use qunliao_protocol::failure::NameFault;
use qunliao_protocol::files::Place;
use qunliao_protocol::label::Label;
use qunliao_protocol::{FileId, RoomId};
use qunliao_storage::files::NewFile;
use qunliao_storage::{Digest, Files};

fn edit(session: &SignedIn, edit: ProfileEdit) -> EditProfile {
    EditProfile {
        token: session.token.clone(),
        edit,
        asked_by: home(),
    }
}

fn read(session: &SignedIn) -> EditProfile {
    edit(session, ProfileEdit::default())
}

fn said(text: &str) -> Option<Option<String>> {
    Some(Some(text.to_owned()))
}

impl Registry {
    async fn card(&self, ask: EditProfile) -> UserCard {
        self.ask(ask).await.expect("a card")
    }

    async fn share_a_picture(&self) -> FileId {
        let new = NewFile {
            room: RoomId::LOBBY,
            place: Place::File(Label::new("face.png").unwrap()),
            size: 0,
            sha256: Digest::new([7; 32]),
            owner: ALICE.user(),
            time: 1,
        };
        self.store.add_file(new).await.unwrap().unwrap().id
    }
}

#[actix_rt::test]
async fn a_profile_is_read_set_and_taken_back() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let bare = registry.card(read(&alice)).await;
    assert!(bare == alice.user, "login shows the same");
    assert!(bare.phone_verified && bare.role.is_none() && bare.nickname.is_none());

    let picture = registry.share_a_picture().await;
    let all = ProfileEdit {
        nickname: said("Ally"),
        avatar: Some(Some(picture)),
        bio: said("long walks\nshort words"),
        language: Some(Some(Language::Chinese)),
    };
    let card = registry.card(edit(&alice, all)).await;
    assert_eq!(card.nickname.as_deref(), Some("Ally"));
    assert_eq!(card.avatar, Some(picture));
    assert_eq!(card.bio.as_deref(), Some("long walks\nshort words"));
    assert_eq!(card.language.as_deref(), Some("zh"));
    assert!(registry.card(read(&alice)).await == card);

    let less = ProfileEdit {
        nickname: Some(None),
        avatar: Some(None),
        ..ProfileEdit::default()
    };
    let card = registry.card(edit(&alice, less)).await;
    assert!(card.nickname.is_none() && card.avatar.is_none());
    assert!(card.bio.is_some(), "what is not named stays");
}

#[actix_rt::test]
async fn a_nickname_misleads_nobody() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    registry.sign_up(&CAROL).await;
    for (nickname, fault) in [
        ("Carol", NameFault::OthersName),
        ("ＣＡＲＯＬ", NameFault::OthersName),
        (CAROL.phone.0, NameFault::OthersPhone),
        ("系统", NameFault::Reserved),
        ("a\u{202e}b", NameFault::Character),
        (" a", NameFault::Blanks),
    ] {
        let ask = ProfileEdit {
            nickname: said(nickname),
            ..ProfileEdit::default()
        };
        let refused = registry.ask(edit(&alice, ask)).await.err();
        assert_eq!(refused, Some(Failure::InvalidName(fault)), "{nickname}");
    }
    for own in [ALICE.name, ALICE.phone.1] {
        let ask = ProfileEdit {
            nickname: said(own),
            ..ProfileEdit::default()
        };
        assert!(registry.ask(edit(&alice, ask)).await.is_ok(), "{own}");
    }
}

#[actix_rt::test]
async fn too_many_words_and_pictures_that_are_not_there_are_refused() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    for (ask, failure) in [
        (
            ProfileEdit {
                bio: said(&"字".repeat(11)),
                ..ProfileEdit::default()
            },
            Failure::BioTooLarge(30),
        ),
        (
            ProfileEdit {
                bio: said("a\u{7}"),
                ..ProfileEdit::default()
            },
            Failure::MistypedKey("bio"),
        ),
        (
            ProfileEdit {
                avatar: Some(Some(FileId(99))),
                ..ProfileEdit::default()
            },
            Failure::FileNotFound,
        ),
    ] {
        let refused = registry.ask(edit(&alice, ask)).await.err();
        assert_eq!(refused, Some(failure));
    }
    let nobody = SignedIn {
        token: "0".repeat(64),
        ..alice
    };
    let refused = registry.ask(read(&nobody)).await.err();
    assert_eq!(refused, Some(Failure::NotSignedIn));
}

#[actix_rt::test]
async fn users_are_written_to_in_the_language_that_they_chose() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let forgot = || SendResetCode {
        contact: WrittenContact::Phone(ALICE.phone.0.to_owned()),
        asked_by: home(),
    };
    assert_eq!(registry.ask(forgot()).await, Ok(()));
    assert_eq!(registry.parcel().await.1.language, MailLanguage::English);
    let chinese = ProfileEdit {
        language: Some(Some(Language::Chinese)),
        ..ProfileEdit::default()
    };
    assert!(registry.ask(edit(&alice, chinese)).await.is_ok());
    assert_eq!(registry.ask(forgot()).await, Ok(()));
    assert_eq!(registry.parcel().await.1.language, MailLanguage::Chinese);
    let known = registry.ask(token(&alice.token)).await.ok().unwrap();
    assert_eq!(known.person.language(), Some(Language::Chinese));
}
