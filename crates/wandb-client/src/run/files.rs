//! The files of a run: what it ran on, its configuration, its log.

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Run;
use super::start::config;
use crate::WandbError;
use crate::graphql::operation;
use crate::native::header_map;
use crate::retry::Conflict;
use crate::transport::{Body, Call, Key};

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "createRunFiles")]
    create: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    upload_headers: Vec<String>,
    files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    name: String,
    upload_url: String,
}

impl Run {
    /// Uploads the files and returns the names of those that are there.
    pub(super) async fn upload_files(&self, summary: &Value) -> Result<Vec<String>, WandbError> {
        const OPERATION: &str = "uploading the run's files to W&B";
        let files = self.files(summary);
        let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
        let path = self.path();
        let variables = json!({"entity": path.entity, "project": path.project, "run": path.id, "files": names});
        let transport = &self.client.transport;
        let data: Data =
            transport.execute(&operation!("CreateRunFiles", "uploading the run's files to W&B"), variables).await?;
        let mut uploaded = Vec::new();
        for place in data.create.files {
            let Some((_, bytes)) = files.iter().find(|(name, _)| *name == place.name) else { continue };
            let call = Call {
                operation: OPERATION,
                method: Method::PUT,
                url: transport.resolve(OPERATION, &place.upload_url)?,
                key: Key::for_link(&place.upload_url),
                body: Body::Bytes(bytes.clone()),
                headers: header_map(&data.create.upload_headers),
                conflict: Conflict::Final,
                retry: transport.retry,
            };
            transport.send(call).await?;
            uploaded.push(place.name);
        }
        Ok(uploaded)
    }

    fn files(&self, summary: &Value) -> Vec<(&'static str, Bytes)> {
        let yaml = serde_saphyr::to_string(&config(&self.options, &self.origin)).unwrap_or_default();
        let mut files = vec![
            ("wandb-metadata.json", Bytes::from(self.metadata().to_string())),
            ("config.yaml", Bytes::from(yaml)),
            ("wandb-summary.json", Bytes::from(summary.to_string())),
        ];
        let output = self.stream.output();
        if !output.is_empty() {
            files.push(("output.log", Bytes::from(output.join("\n") + "\n")));
        }
        files
    }

    /// What the run's overview page shows.
    fn metadata(&self) -> Value {
        let options = &self.options;
        let arguments: Vec<_> = options.arguments.iter().map(|argument| self.client.redact(argument)).collect();
        let mut metadata = json!({
            "os": std::env::consts::OS,
            "startedAt": self.started.to_string(),
            "host": options.host,
            "program": options.program,
            "executable": options.program,
            "args": arguments,
            "root": options.directory,
        });
        if let Ok(count) = std::thread::available_parallelism() {
            metadata["cpu_count_logical"] = json!(count);
        }
        if let Some(bytes) = memory_bytes() {
            // W&B's own client writes 64-bit numbers as texts.
            metadata["memory"] = json!({"total": bytes.to_string()});
        }
        if let Some(git) = &options.git {
            metadata["git"] = json!({"commit": git.commit, "remote": git.remote});
        }
        metadata
    }
}

/// The machine's memory, where Linux tells it.
fn memory_bytes() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/meminfo").ok()?;
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB"));
    kibibytes?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
