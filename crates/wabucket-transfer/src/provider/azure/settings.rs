//! The user's own access to Azure, in the variables that Azure's tools read.

use std::collections::HashMap;

use object_store::azure::split_sas;
use url::Url;

use crate::error::{Operation, TransferError};
use crate::options::StoreOptions;

/// The account of Azurite, the emulator, and its key, which everybody knows.
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
const EMULATOR_KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const EMULATOR_ENDPOINT: &str = "http://127.0.0.1:10000/devstoreaccount1";

/// Which account, and how to get in.
pub(super) struct Settings {
    pub(super) account: String,
    pub(super) endpoint: Url,
    pub(super) access: Access,
}

/// What opens the account.
pub(super) enum Access {
    AccountKey(String),
    Sas(String),
    ClientSecret { tenant: String, client: String, secret: String },
    FederatedToken { tenant: String, client: String, file: String },
    AzureCli,
}

impl Settings {
    /// `given` is the account of a reference; what variables say of another account's address does not hold for it.
    pub(super) fn read(
        operation: &Operation,
        given: Option<&str>,
        options: &StoreOptions,
    ) -> Result<Self, TransferError> {
        let invalid = |problem: String| TransferError::InvalidOption { operation: operation.clone(), problem };
        let environment = &options.environment;
        let first = |names: &[&str]| names.iter().find_map(|name| environment.variable(name)).map(str::to_owned);
        let connection = first(&["AZURE_STORAGE_CONNECTION_STRING"]).map(|text| ConnectionString::parse(&text));
        let said = |key: &str| connection.as_ref().and_then(|connection| connection.value(key));
        let account = said("AccountName").or_else(|| first(&["AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME"]));
        let is_other = given.is_some() && given != account.as_deref();
        let account = given.map(str::to_owned).or(account);
        let endpoint = options.endpoint_url.as_ref().map(Url::to_string);
        let endpoint = endpoint
            .or_else(|| said("BlobEndpoint"))
            .or_else(|| first(&["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT_URL"]))
            .filter(|_| !is_other);
        let endpoint = match (endpoint, &account) {
            (Some(text), _) => parse_endpoint(&text).ok_or_else(|| {
                invalid(format!("the address of the storage account must be a web address, and is {text:?}"))
            })?,
            (None, Some(account)) => {
                let suffix = said("EndpointSuffix").unwrap_or_else(|| "core.windows.net".to_owned());
                parse_endpoint(&format!("https://{account}.blob.{suffix}"))
                    .ok_or_else(|| invalid(format!("{account:?} cannot be the name of a storage account")))?
            }
            (None, None) => {
                return Err(invalid(
                    "no storage account: set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING".to_owned(),
                ));
            }
        };
        let account = match account {
            Some(account) => account,
            None => account_of(operation, &endpoint)?,
        };
        let key = said("AccountKey")
            .or_else(|| first(&["AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY"]));
        let sas = said("SharedAccessSignature").or_else(|| first(&["AZURE_STORAGE_SAS_TOKEN"]));
        let (tenant, client) = (first(&["AZURE_TENANT_ID"]), first(&["AZURE_CLIENT_ID"]));
        let (secret, file) = (first(&["AZURE_CLIENT_SECRET"]), first(&["AZURE_FEDERATED_TOKEN_FILE"]));
        let access = match (key, sas, tenant, client) {
            (Some(key), ..) => Access::AccountKey(key),
            (None, Some(sas), ..) => Access::Sas(sas),
            (None, None, Some(tenant), Some(client)) => match (secret, file) {
                (Some(secret), _) => Access::ClientSecret { tenant, client, secret },
                (None, Some(file)) => Access::FederatedToken { tenant, client, file },
                (None, None) => Access::AzureCli,
            },
            _ if account == EMULATOR_ACCOUNT => Access::AccountKey(EMULATOR_KEY.to_owned()),
            _ => Access::AzureCli,
        };
        Ok(Self { account, endpoint, access })
    }
}

/// `Name=Value;…`, as the portal shows it.
struct ConnectionString(HashMap<String, String>);

impl ConnectionString {
    fn parse(text: &str) -> Self {
        let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
        let mut pairs: HashMap<_, _> =
            pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect();
        if pairs.get("UseDevelopmentStorage").is_some_and(|value| value == "true") {
            for (key, value) in [("AccountName", EMULATOR_ACCOUNT), ("AccountKey", EMULATOR_KEY)] {
                pairs.entry(key.to_owned()).or_insert_with(|| value.to_owned());
            }
            pairs.entry("BlobEndpoint".to_owned()).or_insert_with(|| EMULATOR_ENDPOINT.to_owned());
        }
        Self(pairs)
    }

    fn value(&self, key: &str) -> Option<String> {
        self.0.get(key).filter(|value| !value.is_empty()).cloned()
    }
}

fn parse_endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// The account that an address belongs to: the host's first label at Azure, the path where the host is an address.
pub(super) fn account_of(operation: &Operation, endpoint: &Url) -> Result<String, TransferError> {
    let in_path = endpoint.path().trim_matches('/').split('/').next().filter(|name| !name.is_empty());
    let in_host = endpoint.domain().and_then(|domain| domain.split_once('.')).map(|(first, _)| first);
    in_path.or(in_host).map(str::to_owned).ok_or_else(|| TransferError::InvalidOption {
        operation: operation.clone(),
        problem: format!("no storage account: {endpoint} names none, set AZURE_STORAGE_ACCOUNT"),
    })
}

/// A shared access signature as pairs; its text is never shown.
pub(super) fn sas_pairs(operation: &Operation, sas: &str) -> Result<Vec<(String, String)>, TransferError> {
    split_sas(sas).map_err(|_| TransferError::InvalidOption {
        operation: operation.clone(),
        problem: "the shared access signature cannot be understood".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use wabucket_model::Environment;

    fn read_for(given: Option<&str>, variables: &[(&str, &str)]) -> Result<Settings, TransferError> {
        let variables: BTreeMap<_, _> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let options =
            StoreOptions { environment: Environment::new(variables, None, "/".into()), ..StoreOptions::default() };
        Settings::read(&Operation::new("open", "az://c"), given, &options)
    }

    #[test]
    fn variables_of_all_kinds_open_an_account() {
        let settings = read(&[("AZURE_STORAGE_ACCOUNT", "acc"), ("AZURE_STORAGE_KEY", "k==")]).unwrap();
        assert_eq!(settings.endpoint.as_str(), "https://acc.blob.core.windows.net/");
        assert!(matches!(settings.access, Access::AccountKey(key) if key == "k=="));
        let text =
            "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a/b==;EndpointSuffix=core.chinacloudapi.cn";
        let settings = read(&[("AZURE_STORAGE_CONNECTION_STRING", text)]).unwrap();
        assert_eq!(settings.endpoint.as_str(), "https://acc.blob.core.chinacloudapi.cn/");
        assert!(matches!(settings.access, Access::AccountKey(key) if key == "a/b=="));
        let settings = read(&[("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")]).unwrap();
        assert_eq!((settings.account.as_str(), settings.endpoint.as_str()), (EMULATOR_ACCOUNT, EMULATOR_ENDPOINT));
        let oauth = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_CLIENT_SECRET", "s")];
        let settings = read(&[oauth.as_slice(), &[("AZURE_STORAGE_ACCOUNT", "acc")]].concat()).unwrap();
        assert!(matches!(settings.access, Access::ClientSecret { .. }));
        let endpoint = ("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:1/acc");
        let settings = read(&[endpoint, ("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=x")]).unwrap();
        assert_eq!(settings.account, "acc");
        assert!(matches!(settings.access, Access::Sas(_)));
    }

    fn read(variables: &[(&str, &str)]) -> Result<Settings, TransferError> {
        read_for(None, variables)
    }

    #[test]
    fn a_reference_may_lead_to_another_account() {
        let variables = [
            ("AZURE_STORAGE_ACCOUNT", "acc"),
            ("AZURE_STORAGE_ENDPOINT", "https://private/acc"),
            ("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=x"),
        ];
        let other = read_for(Some("other"), &variables).unwrap();
        assert_eq!(other.endpoint.as_str(), "https://other.blob.core.windows.net/");
        assert_eq!(read_for(Some("acc"), &variables).unwrap().endpoint.as_str(), "https://private/acc");
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = read(&[]).err().unwrap().to_string();
        assert!(error.contains("AZURE_STORAGE_ACCOUNT"), "{error}");
        assert!(read(&[("AZURE_STORAGE_ENDPOINT", "nonsense")]).is_err());
    }
}
