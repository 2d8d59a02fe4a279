"""What a file is called is what its key is called, and boto3 agrees, both ways."""

import hashlib
import pathlib

ODD_NAMES = ["ü", "%41", "a#1", "a?b", "a+b", "a b", "dot.", ".hidden", "a&b=c", "+", "%2F", "it's", '"q"', "a\\b", "~^"]

PREFIX = "my type/my name/v%1+ü"


def odd_tree() -> dict[str, bytes]:
    tree = {"empty": b"", "deep/er/file": b"deep"}
    for name in ODD_NAMES:
        tree[name] = name.encode()
        tree[f"in {name}/{name}"] = f"x{name}".encode()
    return tree


def write_tree(root: pathlib.Path, tree: dict[str, bytes]) -> None:
    for path, content in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def read_tree(root: pathlib.Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def keys_of(s3, bucket: str) -> dict[str, dict]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}


def test_uploaded_names_are_the_keys_that_boto3_sees(s3, bucket, transfer, tmp_path):
    tree = odd_tree()
    write_tree(tmp_path, tree)
    (tmp_path / "no files" / "at+all").mkdir(parents=True)
    report = transfer("upload", tmp_path, f"s3://{bucket}", PREFIX)
    keys = keys_of(s3, bucket)
    assert set(keys) == {f"{PREFIX}/{path}" for path in tree} | {f"{PREFIX}/no files/at+all/"}
    assert keys[f"{PREFIX}/no files/at+all/"]["Size"] == 0
    for path, content in tree.items():
        key = f"{PREFIX}/{path}"
        answer = s3.get_object(Bucket=bucket, Key=key)
        assert answer["Body"].read() == content
        assert answer["ETag"].strip('"') == report["etags"][key] == hashlib.md5(content).hexdigest()


def test_keys_that_boto3_wrote_become_files(s3, bucket, transfer, tmp_path):
    tree = odd_tree()
    for path, content in tree.items():
        s3.put_object(Bucket=bucket, Key=f"{PREFIX}/{path}", Body=content)
    for marker in ["", "an empty+folder/", "deep/", "deep/er/"]:
        s3.put_object(Bucket=bucket, Key=f"{PREFIX}/{marker}")
    s3.put_object(Bucket=bucket, Key=f"{PREFIX} and more/other", Body=b"not below the prefix")
    report = transfer("download", f"s3://{bucket}", PREFIX, tmp_path)
    assert read_tree(tmp_path) == tree
    assert (tmp_path / "an empty+folder").is_dir()
    assert report["listing"]["has_own_marker"]
    assert report["fetched"] == len(tree)
    assert transfer("download", f"s3://{bucket}", PREFIX, tmp_path)["already_right"] == len(tree)


def test_an_empty_folder_leaves_its_own_marker(s3, bucket, transfer, tmp_path):
    transfer("upload", tmp_path, f"s3://{bucket}", "t/n/a")
    assert list(keys_of(s3, bucket)) == ["t/n/a/"]


def test_hostile_keys_are_shown_and_not_written(s3, bucket, transfer, tmp_path):
    for key in ["p/fine", "p/x//y", "p//z"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    destination = tmp_path / "destination"
    listing = transfer("download", f"s3://{bucket}", "p", destination)["listing"]
    assert listing["objects"] == ["fine"]
    assert sorted(listing["odd"]) == ["p//z", "p/x//y"]
    assert read_tree(tmp_path) == {"destination/fine": b"x"}


def test_a_conflict_is_refused_before_anything_is_written(s3, bucket, transfer, tmp_path):
    for key in ["p/a", "p/x", "p/x/y"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    error = transfer("download", f"s3://{bucket}", "p", tmp_path / "new", check=False)
    assert "Conflict" in error
    assert not (tmp_path / "new").exists()


def test_large_files_arrive_in_parts(s3, bucket, transfer, tmp_path):
    content = bytes(range(256)) * (20 * 4096)
    write_tree(tmp_path / "up", {"large": content})
    report = transfer("upload", tmp_path / "up", f"s3://{bucket}", "p")
    assert report["etags"]["p/large"].endswith("-3")
    assert s3.get_object(Bucket=bucket, Key="p/large")["Body"].read() == content
    transfer("download", f"s3://{bucket}", "p", tmp_path / "down")
    assert (tmp_path / "down" / "large").read_bytes() == content


def test_more_than_one_page(s3, bucket, transfer):
    names = [f"f {number:04}+" for number in range(1105)]
    for name in names:
        s3.put_object(Bucket=bucket, Key=f"p/{name}", Body=b"")
    assert transfer("list", f"s3://{bucket}", "p")["objects"] == names


def test_a_missing_bucket_is_named(transfer, tmp_path):
    error = transfer("upload", tmp_path, "s3://missing-bucket", "p", check=False)
    assert "NotFound" in error and "missing-bucket" in error and "the bucket" in error
