"""What a file is called is what its key is called, and the provider's own client agrees, both ways."""

import pathlib

import pytest

ODD_NAMES = ["ü", "%41", "a#1", "a?b", "a+b", "a b", "dot.", ".hidden", "a&b=c", "+", "%2F", "it's", '"q"', "a\\b", "~^"]

PREFIX = "my type/my name/v%1+ü"


def odd_tree(bucket) -> dict[str, bytes]:
    tree = {"empty": b"", "deep/er/file": b"deep"}
    for name in ODD_NAMES:
        if bucket.spells(name):
            tree[name] = name.encode()
            tree[f"in {name}/{name}"] = f"x{name}".encode()
    return tree


def write_tree(root: pathlib.Path, tree: dict[str, bytes]) -> None:
    for path, content in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def read_tree(root: pathlib.Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_uploaded_names_are_the_keys_that_others_see(bucket, transfer, tmp_path):
    tree = odd_tree(bucket)
    write_tree(tmp_path, tree)
    (tmp_path / "no files" / "at+all").mkdir(parents=True)
    report = transfer("upload", tmp_path, bucket.url, PREFIX)
    keys = bucket.sizes()
    assert set(keys) == {f"{PREFIX}/{path}" for path in tree} | {f"{PREFIX}/no files/at+all/"}
    assert keys[f"{PREFIX}/no files/at+all/"] == 0
    for path, content in tree.items():
        key = f"{PREFIX}/{path}"
        assert bucket.get(key) in ((content, report["etags"][key]), (content, None))
        assert bucket.etag_of(content) in (None, report["etags"][key])


def test_keys_that_others_wrote_become_files(bucket, transfer, tmp_path):
    tree = odd_tree(bucket)
    for path, content in tree.items():
        bucket.put(f"{PREFIX}/{path}", content)
    for marker in ["", "an empty+folder/", "deep/", "deep/er/"]:
        bucket.put(f"{PREFIX}/{marker}", b"")
    bucket.put(f"{PREFIX} and more/other", b"not below the prefix")
    report = transfer("download", bucket.url, PREFIX, tmp_path)
    assert read_tree(tmp_path) == tree
    assert (tmp_path / "an empty+folder").is_dir()
    assert report["listing"]["has_own_marker"]
    assert report["fetched"] == len(tree)
    if bucket.etag_of(b""):
        # The identity is the content's hash, so that what is there need not be fetched again.
        assert transfer("download", bucket.url, PREFIX, tmp_path)["already_right"] == len(tree)


def test_an_empty_folder_leaves_its_own_marker(bucket, transfer, tmp_path):
    transfer("upload", tmp_path, bucket.url, "t/n/a")
    assert list(bucket.sizes()) == ["t/n/a/"]


def test_hostile_keys_are_shown_and_not_written(bucket, transfer, tmp_path):
    for key in ["p/fine", "p/x//y", "p//z"]:
        bucket.put(key, b"x")
    destination = tmp_path / "destination"
    listing = transfer("download", bucket.url, "p", destination)["listing"]
    assert listing["objects"] == ["fine"]
    assert sorted(listing["odd"]) == ["p//z", "p/x//y"]
    assert read_tree(tmp_path) == {"destination/fine": b"x"}


def test_a_conflict_is_refused_before_anything_is_written(bucket, transfer, tmp_path):
    for key in ["p/a", "p/x", "p/x/y"]:
        bucket.put(key, b"x")
    error = transfer("download", bucket.url, "p", tmp_path / "new", check=False)
    assert "Conflict" in error
    assert not (tmp_path / "new").exists()


def test_large_files_arrive_in_parts(bucket, transfer, tmp_path):
    content = bytes(range(256)) * (20 * 4096)
    write_tree(tmp_path / "up", {"large": content})
    report = transfer("upload", tmp_path / "up", bucket.url, "p")
    assert bucket.get("p/large") in ((content, report["etags"]["p/large"]), (content, None))
    transfer("download", bucket.url, "p", tmp_path / "down")
    assert (tmp_path / "down" / "large").read_bytes() == content


def test_many_keys(service, bucket, transfer):
    names = [f"f {number:04}+" for number in range(service.many)]
    for name in names:
        bucket.put(f"p/{name}", b"")
    assert transfer("list", bucket.url, "p")["objects"] == names


def test_a_missing_bucket_is_named(service, transfer, tmp_path):
    error = transfer("upload", tmp_path, service.missing, "p", check=False)
    assert "NotFound" in error and service.missing in error and "the bucket" in error


def test_a_refused_credential_is_said(service, bucket, transfer, tmp_path):
    if not service.refused:
        pytest.skip("this server checks no credentials")
    error = transfer("list", bucket.url, "p", check=False, **service.refused)
    assert "NotAuthenticated" in error or "NotAllowed" in error
    assert not any(secret in error for secret in service.refused.values())


def test_another_content_takes_the_place_of_the_first(bucket, transfer, tmp_path):
    for content in (b"first", b"second and longer"):
        write_tree(tmp_path / "up", {"file": content})
        transfer("upload", tmp_path / "up", bucket.url, "p")
        assert bucket.get("p/file")[0] == content


def test_a_name_that_would_change_is_refused(bucket, transfer, tmp_path):
    if bucket.spells("a\\b"):
        pytest.skip("this store keeps every name")
    write_tree(tmp_path, {"fine": b"x", "a\\b": b"x"})
    assert "Backslash" in transfer("upload", tmp_path, bucket.url, "p", check=False)
    assert not bucket.sizes()
