"""TAR files: read by Python's tarfile, with the header fields of real exports."""

import io
import tarfile

from fiskaly_mockserver.domain.signing.exports import info_csv, tar_file

TIME = 1767225600
LONG = f"Unixt_{TIME}_Sig-26_Log-Tra_No-1_Start_Client-{'K' * 70}.log"


def packed(*files: tuple[str, bytes]) -> bytes:
    return b"".join(tar_file(iter(files), time=TIME))


def test_files_are_read_back_in_order() -> None:
    data = packed(("info.csv", b"x" * 513), ("empty.log", b""), (LONG, b"log"))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
        assert [one.name for one in members] == ["info.csv", "empty.log", LONG]
        assert {(one.mode, one.uid, one.gid, one.mtime) for one in members} == {(0o644, 0, 0, TIME)}
        assert [archive.extractfile(one).read() for one in members] == [b"x" * 513, b"", b"log"]  # type: ignore[union-attr]


def test_header_fields_are_written_as_in_real_exports() -> None:
    header = packed(("info.csv", b"abc"))[:512]
    assert header[:9] == b"info.csv\0"
    assert header[100:124] == b"000644 \x00000000 \x00000000 \x00"
    assert header[124:148] == b"00000000003 15125334400 "
    assert header[154:156] == b" \0"
    assert header[156:157] == b"0"
    assert header[257:265] == b"ustar\x0000"
    assert header[265:329] == bytes(64)
    assert header[329:345] == b"000000 \x00000000 \x00"
    assert header[345:] == bytes(167)


def test_two_zero_blocks_end_it() -> None:
    data = packed(("a", b""))
    assert len(data) == 3 * 512
    assert data[512:] == bytes(1024)


def test_names_over_100_bytes_have_a_pax_record() -> None:
    data = packed((LONG, b"log"))
    assert data[:10] == b"PaxHeader\0"
    assert data[156:157] == b"x"
    assert data[1024:1034] == b"PaxHeader\0"


def test_info_says_that_this_is_a_mock() -> None:
    text = info_csv('Till "1"').decode()
    assert text.startswith('"description:","Till ""1""","manufacturer:","')
    assert "no certified TSE" in text
    assert "\n" not in text
