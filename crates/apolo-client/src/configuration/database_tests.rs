//! The login database: the three schemas that the platform's SDKs have written, and files that are none.

use super::*;

const HEAD: &str = "CREATE TABLE main (auth_config TEXT, token TEXT, expiration_time REAL, refresh_token TEXT, url TEXT, \
                    admin_url TEXT, ";
const SCHEMAS: [&str; 3] = [
    "version TEXT, cluster_name TEXT, org_name TEXT, clusters TEXT, timestamp REAL)",
    "version TEXT, project_name TEXT, cluster_name TEXT, org_name TEXT, clusters TEXT, projects TEXT, timestamp REAL)",
    "vcluster_url TEXT, version TEXT, project_name TEXT, cluster_name TEXT, org_name TEXT, clusters TEXT, \
     projects TEXT, timestamp REAL)",
];
const CLUSTERS: &str = r#"[{"name":"c1","orgs":["o1"],"buckets_url":"http://h/buckets"}]"#;

fn write(path: &Path, schema: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute(&format!("{HEAD}{schema}"), []).unwrap();
    for (cluster, timestamp) in [("old", 1.0), ("c1", 2.0)] {
        connection
            .execute(
                "INSERT INTO main (auth_config, token, expiration_time, refresh_token, url, cluster_name, org_name, \
                 clusters, timestamp) VALUES (?, 'access', 12.5, 'renew', 'http://h/api/v1', ?, 'o1', ?, ?)",
                params![r#"{"token_url":"http://h/token","client_id":"id"}"#, cluster, CLUSTERS, timestamp],
            )
            .unwrap();
    }
    if schema.contains("projects") {
        let projects = r#"[{"name":"p1","cluster_name":"c1","org_name":"o1","role":"owner"}]"#;
        connection.execute("UPDATE main SET project_name = 'p1', projects = ?", [projects]).unwrap();
    }
    connection
}

#[test]
fn all_three_schemas_are_read_by_column_name() {
    for schema in SCHEMAS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d b%?#");
        drop(write(&path, schema));
        let found = read(&path).unwrap();
        let (project, era) =
            if schema.contains("projects") { (Some("p1".to_owned()), Era::Projects) } else { (None, Era::Owners) };
        let expected = Selection { cluster: "c1".to_owned(), org: Some("o1".to_owned()), project, era };
        assert_eq!(found.selection, expected);
        assert_eq!(found.clusters[0].buckets_url, "http://h/buckets");
        assert_eq!(found.token.renew_at, Some(12.5));
        assert_eq!(found.renewal.unwrap().client_id, "id");
        let immutable = open(&path, Opening::Immutable).unwrap();
        assert!(matches!(newest(&immutable, stored_token), Ok(Some(Ok(_)))), "{schema}");
    }
}

#[test]
fn a_refresh_writes_three_columns_and_spares_what_another_process_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let connection = write(&path, SCHEMAS[2]);
    let dump = |columns: &str| -> String {
        let query = format!("SELECT json_group_array(json_array({columns})) FROM main");
        connection.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    let rest = "auth_config, url, admin_url, vcluster_url, version, project_name, cluster_name, org_name, clusters, \
                projects, timestamp";
    let before = dump(rest);
    let new = |access: &str| StoredToken {
        access: SecretString::from(access),
        renew_at: Some(99.0),
        refresh_token: SecretString::from("renew2"),
    };
    write_token(&path, &SecretString::from("access"), &new("second")).unwrap();
    write_token(&path, &SecretString::from("access"), &new("third")).unwrap();
    let stored = read_token(&path).unwrap();
    assert_eq!((stored.access.expose_secret(), stored.renew_at), ("second", Some(99.0)));
    assert_eq!(stored.refresh_token.expose_secret(), "renew2");
    assert_eq!(dump(rest), before);
}

#[test]
fn what_is_no_login_database_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let problem_of = |content: &[u8]| {
        fs_err::write(&path, content).unwrap();
        match read(&path).unwrap_err() {
            Error::InvalidConfiguration { path: named, problem, .. } if named == path => problem,
            other => panic!("{other}"),
        }
    };
    assert_eq!(
        problem_of(b"not SQLite, but long enough to be looked at as if it were SQLite"),
        "is not a login database"
    );
    assert_eq!(problem_of(b""), "is not a login database");
    fs_err::remove_file(&path).unwrap();
    let connection = write(&path, SCHEMAS[2]);
    connection.execute("UPDATE main SET clusters = 'x'", []).unwrap();
    assert!(read(&path).unwrap_err().to_string().ends_with("has a malformed clusters column"));
    connection.execute("DELETE FROM main", []).unwrap();
    assert!(read(&path).unwrap_err().to_string().ends_with("holds no login"));
}
