//! The part of the desk that shows and changes what users say of themselves.

use super::Desk;
use crate::auth_registry::{EditProfile, ProfileEdit};
use crate::names::Name;
use crate::storage_failure;
use qunliao_protocol::auth::UserCard;
use qunliao_protocol::failure::NameFault;
use qunliao_protocol::{Failure, FileId, Language, UserId};
use qunliao_storage::accounts::{ProfileChange, Role, User};

impl Desk {
    pub(in crate::auth_registry) async fn edit_profile(
        &self,
        ask: EditProfile,
    ) -> Result<UserCard, Failure> {
        let id = self.signed_in(ask.token, ask.asked_by).await?.person.id;
        let user = self.ask.accounts.user(id).await;
        let user = user.map_err(|why| storage_failure(&why))?;
        let user = user.ok_or(Failure::NotSignedIn)?;
        if ask.edit.is_empty() {
            return Ok(card(user));
        }
        let change = self.check_profile(&user, ask.edit).await?;
        let names_itself = change.folded_nickname.is_some();
        let changed = self.ask.accounts.change_profile(id, change).await;
        let changed = changed.map_err(|why| storage_failure(&why))?;
        let user = changed.ok_or(if names_itself {
            Failure::InvalidName(NameFault::OthersName)
        } else {
            Failure::NotSignedIn
        })?;
        // Connections speak the new language from now on.
        self.ask.people.meet(&user);
        log::info!("event=profile_changed user={id}");
        Ok(card(user))
    }

    /// The language of a user's messages; the server's, if that cannot be told.
    pub(super) async fn language_spoken_by(&self, user: UserId) -> Language {
        match self.ask.accounts.user(user).await {
            Ok(Some(user)) => self.language_for(&user),
            _ => self.settings.language,
        }
    }

    async fn check_profile(
        &self,
        user: &User,
        edit: ProfileEdit,
    ) -> Result<ProfileChange, Failure> {
        let mut change = ProfileChange {
            avatar: edit.avatar,
            language: edit
                .language
                .map(|language| language.map(|language| language.code().to_owned())),
            ..ProfileChange::default()
        };
        if let Some(Some(picture)) = edit.avatar {
            self.check_picture(picture).await?;
        }
        change.nickname = match edit.nickname {
            Some(Some(chosen)) => {
                let name = self.check_nickname(user, &chosen)?;
                change.folded_nickname = Some(name.folded);
                Some(Some(name.shown))
            }
            other => other,
        };
        if let Some(Some(words)) = &edit.bio {
            let max = self.settings.bio_bytes_max;
            if words.len() > max {
                return Err(Failure::BioTooLarge(max));
            }
            if words.chars().any(|c| c.is_control() && c != '\n') {
                return Err(Failure::MistypedKey("bio"));
            }
        }
        change.bio = edit.bio;
        Ok(change)
    }

    /// A nickname is a name: it misleads nobody about whose it is.
    fn check_nickname(&self, user: &User, chosen: &str) -> Result<Name, Failure> {
        let name = Name::new(chosen).map_err(Failure::InvalidName)?;
        let own = user.phone.as_ref().filter(|_| user.phone_verified);
        match self.settings.phones.parse(&name.folded) {
            Some(number) if own != Some(&number) => {
                Err(Failure::InvalidName(NameFault::OthersPhone))
            }
            _ => Ok(name),
        }
    }

    async fn check_picture(&self, picture: FileId) -> Result<(), Failure> {
        let file = self.ask.files.file(picture).await;
        let file = file.map_err(|why| storage_failure(&why))?;
        file.map(|_| ()).ok_or(Failure::FileNotFound)
    }
}

impl ProfileEdit {
    fn is_empty(&self) -> bool {
        self.nickname.is_none()
            && self.avatar.is_none()
            && self.bio.is_none()
            && self.language.is_none()
    }
}

/// A user, as shown to that user.
pub(super) fn card(user: User) -> UserCard {
    let role = match user.role {
        Role::Member => None,
        Role::Admin => Some("admin"),
        Role::Owner => Some("owner"),
    };
    UserCard {
        id: user.id,
        name: user.name,
        phone: user.phone,
        email: user.email,
        email_confirmed: user.email_confirmed,
        phone_verified: user.phone_verified,
        role: role.map(str::to_owned),
        nickname: user.profile.nickname,
        avatar: user.profile.avatar,
        bio: user.profile.bio,
        language: user.profile.language,
    }
}
