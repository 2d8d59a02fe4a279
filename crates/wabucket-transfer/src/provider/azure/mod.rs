//! Azure Blob Storage.

mod listing;
mod requests;
mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::azure::{AzureCredential, AzureCredentialProvider, MicrosoftAzureBuilder};
use object_store::client::HttpConnector;
use url::Url;

pub(crate) use requests::AzureRequests;

use crate::bucket::BucketParts;
use crate::credentials::{CredentialCache, CredentialSource};
use crate::error::{Operation, TransferError};
use crate::http::Connector;
use crate::options::StoreOptions;
use crate::provider::{RawKeys, client_options, no_retry};
use settings::{Access, Settings};

/// What follows an account's name in Azure's own cloud.
const CLOUD: &str = ".blob.core.windows.net";

/// One container of a storage account, and who may use it.
#[derive(Debug, Clone)]
pub struct AzureOptions {
    /// The container's name.
    pub container: String,
    /// The storage account's address: `https://ACCOUNT.blob.core.windows.net`, or an emulator's with the account as its
    /// path.
    pub endpoint: Url,
    /// Where credentials come from; they are kept and renewed in time.
    pub credentials: CredentialSource<AzureCredential>,
}

/// Makes the parts of a [`crate::Bucket`] from the user's own surroundings, and says in which account of Azure's cloud
/// it is. An account that is given goes ahead of the one that variables name.
pub(crate) fn open_own(
    operation: &Operation,
    (account, container): (Option<&str>, &str),
    options: &StoreOptions,
) -> Result<(BucketParts, Option<String>), TransferError> {
    let settings = Settings::read(operation, account, options)?;
    let is_in_cloud = settings.endpoint.domain() == Some(&format!("{}{CLOUD}", settings.account));
    let found = is_in_cloud.then(|| settings.account.clone());
    let builder = builder(&settings.endpoint, &settings.account, container);
    let builder = match settings.access {
        Access::AccountKey(key) => builder.with_access_key(key),
        Access::Sas(sas) => builder.with_sas_authorization(settings::sas_pairs(operation, &sas)?),
        Access::ClientSecret { tenant, client, secret } => {
            builder.with_client_secret_authorization(client, secret, tenant)
        }
        Access::FederatedToken { tenant, client, file } => {
            builder.with_client_id(client).with_tenant_id(tenant).with_federated_token_file(file)
        }
        Access::AzureCli => {
            let asked = builder.clone().with_use_azure_cli(true).build();
            let asked = asked.map_err(|error| TransferError::from_store(operation, error))?;
            builder.with_credentials(Arc::new(LoggedIn { inner: Arc::clone(asked.credentials()) }))
        }
    };
    let account = Account { endpoint: settings.endpoint, name: settings.account };
    Ok((parts(operation, account, container, builder)?, found))
}

/// What `az login` left. Whatever goes wrong with it, the user is not logged in.
#[derive(Debug)]
struct LoggedIn {
    inner: AzureCredentialProvider,
}

#[async_trait]
impl CredentialProvider for LoggedIn {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        self.inner
            .get_credential()
            .await
            .map_err(|error| object_store::Error::Unauthenticated { path: "Azure".to_owned(), source: Box::new(error) })
    }
}

/// Makes the parts of a [`crate::Bucket`] that somebody else describes.
pub(crate) fn open(operation: &Operation, options: AzureOptions) -> Result<BucketParts, TransferError> {
    let name = settings::account_of(operation, &options.endpoint)?;
    let credentials = Arc::new(CredentialCache::new(options.credentials));
    let builder = builder(&options.endpoint, &name, &options.container).with_credentials(Arc::clone(&credentials) as _);
    let account = Account { endpoint: options.endpoint, name };
    let parts = parts(operation, account, &options.container, builder)?;
    Ok(BucketParts { renew_credentials: Some(Arc::new(move || credentials.invalidate())), ..parts })
}

/// A storage account.
struct Account {
    endpoint: Url,
    name: String,
}

fn builder(endpoint: &Url, account: &str, container: &str) -> MicrosoftAzureBuilder {
    MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(container)
        .with_endpoint(endpoint.as_str().trim_end_matches('/').to_owned())
        .with_client_options(client_options(Some(endpoint)))
        .with_allow_http(endpoint.scheme() == "http")
        .with_http_connector(Connector)
        .with_retry(no_retry())
}

fn parts(
    operation: &Operation,
    account: Account,
    container: &str,
    builder: MicrosoftAzureBuilder,
) -> Result<BucketParts, TransferError> {
    let refused = |error| TransferError::from_store(operation, error);
    let store = Arc::new(builder.build().map_err(refused)?);
    let requests = AzureRequests {
        client: Connector.connect(&client_options(Some(&account.endpoint))).map_err(refused)?,
        credentials: Arc::clone(store.credentials()),
        container_url: format!("{}/{container}", account.endpoint.as_str().trim_end_matches('/')),
        account: account.name,
    };
    Ok(BucketParts {
        store: Arc::clone(&store) as _,
        multipart: Some(store),
        raw: RawKeys::Azure(Arc::new(requests)),
        renew_credentials: None,
    })
}
