"""Jobs: tags as the SDK reads them, outputs as apolo-flow's own parser reads them."""

import asyncio
import json

import apolo_sdk
import pytest
from apolo_flow.commands import CmdProcessor
from yarl import URL


def test_the_tags_are_the_jobs(fake, home, probe):
    fake.control("POST", "jobs", {"id": "job-1", "tags": ["project:x", "best"]})

    async def run():
        await apolo_sdk.login_with_token(fake.login()["access_token"], url=URL(fake.api_url))
        async with await apolo_sdk.get() as client:
            return list((await client.jobs.status("job-1")).tags)

    tags = asyncio.run(run())
    assert tags == ["project:x", "best"]
    inside = {"NEURO_JOB_ID": "job-1", "NEURO_JOB_NAME": "", "NEURO_JOB_OWNER": "alice"}
    assert json.loads(probe("tags", **inside)) == ["job_id:job-1", "owner:alice", *tags]
    assert json.loads(probe("tags")) == []


def parse(log, size):
    async def run():
        async with CmdProcessor() as parser:
            for start in range(0, len(log), size):
                async for _ in parser.feed_chunk(log[start : start + size]):
                    pass
            async for _ in parser.feed_eof():
                pass
            return dict(parser.outputs)

    return asyncio.run(run())


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("before", [b"", b"done\n", b"\x1b[32m 99% |####| ", b"50%\r99%\r"])
@pytest.mark.parametrize("suffix", [None, "Best_1"])
def test_the_outputs_arrive_in_full(home, probe, size, before, suffix):
    values = ["net-1.0", "my model", " a %0A ü"]
    block = probe("outputs", *values, *([suffix] if suffix else []))
    end = f"_{suffix}" if suffix else ""
    names = [f"artifact_{word}{end}" for word in ("name", "type", "alias")]
    assert block.startswith("\n") and block.endswith("\n")
    assert parse(before + block.encode(), size) == dict(zip(names, values))


@pytest.mark.parametrize("suffix", ["s-1", "a.b", "a b", "é"])
def test_a_suffix_that_is_refused_would_have_been_lost(home, probe, suffix):
    result = probe("outputs", "net", "model", "v", suffix, check=False)
    assert result.returncode != 0 and suffix in result.stderr
    assert parse(f"::set-output name=artifact_name_{suffix}::net\n".encode(), 4096) == {}


def test_a_value_that_is_refused_would_have_been_changed(home, probe):
    result = probe("outputs", "net", "model", "v ", check=False)
    assert result.returncode != 0 and "white space at the end is lost" in result.stderr
    assert parse(b"::set-output name=artifact_alias::v \n", 4096) == {"artifact_alias": "v"}
