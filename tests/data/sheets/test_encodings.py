"""Encodings of tables: guessed from short lists of words, by names on disk, set by the user; never silently."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.decoding import data_decoder
from sketchfit.data.listing import Listing
from sketchfit.data.sheets import Decoder, TableError, open_text, read_sheet
from sketchfit.data.sheets.encodings import guess_encoding
from sketchfit.errors import UserError

LISTS = {
    "cp1252": ("Brewer’s, grackle", "café,naïve,Müller", "élan", "niño,árbol,corazón", "maçã,pão", "smörgås,öl",
               "São Paulo", "“quoted”", "5 € note", "crème brûlée", "Bücher,Fußball", "don’t", "ÉCOLE",
               "ÉCOLE,ÎLE,FORÊT", "a–b,c—d", "5°,10°", "20°,90°,180°", "€,£", "½,¼", "§1,§2", "±5,±10", "1 × 2,3 × 4",
               "¿qué?,¡hola!", "GARÇON,FRANÇAIS", "NIÑO,ÁRBOL", "2019–2020"),
    "cp949": ("사과,버스,고양이", "사과", "강아지", "비행기,자동차,자전거", "꽃,나무,해바라기",
              "왼쪽,오른쪽", "똠방각하"),
    "cp932": ("りんご,バス,猫", "リンゴ", "林檎,自転車", "いぬ,ねこ", "犬,猫,鳥", "左,右"),
    "gb18030": ("苹果,公共汽车,猫", "苹果", "自行车", "狗,猫,鸟", "太阳", "大象,长颈鹿", "圆形,三角形,正方形"),
    "big5": ("蘋果,公車,貓", "狗,貓,鳥", "飛機,汽車", "圓形,三角形"),
    "cp1251": ("яблоко,автобус,кошка", "Яблоко", "кот", "машина,самолёт,собака", "Дом", "Кот,Пёс", "КОТ"),
    "cp1250": ("jabłko,łódź,kość", "žluťoučký kůň", "ryż,mięso", "alma,körte,szőlő"),
    "cp1253": ("μήλο,γάτα", "σπίτι,δέντρο", "ΓΑΤΑ,ΣΚΥΛΟΣ"),
    "cp1254": ("elma,kuş,ağaç", "çiçek,şapka,ığdır"),
    "cp1255": ("תפוח,חתול", "חתול,כלב,עץ"),
    "cp1256": ("تفاحة,قطة",),
    "cp874": ("แอปเปิ้ล,แมว",),
    "koi8_r": ("яблоко,автобус,кошка",),
    "euc_jp": ("りんご,バス,猫",),
    "iso2022_jp": ("りんご,バス,猫",),
    "utf-16-le": ("사과,Müller", "一,二", "apple"),
    "utf-16-be": ("사과,Müller", "一,二", "apple"),
}  # fmt: skip


def table(words: str, encoding: str) -> bytes:
    rows = [f"{word},img{k}/{k}.png" for k in range(3) for word in words.split(",")]
    return "\n".join(["label,image", *rows, ""]).encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "words"), [(encoding, words) for encoding, all_ in LISTS.items() for words in all_]
)
def test_short_lists_of_words_are_decoded_and_shown(encoding: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table(words, encoding))
    sheet = read_sheet(path)
    assert sheet.column("label")[: len(words.split(","))] == tuple(words.split(","))
    assert len(sheet.notes) == (not words.isascii())
    if not words.isascii():
        assert sheet.encoding in sheet.notes[0]
        assert any(word in sheet.notes[0] for word in words.replace(",", " ").split() if not word.isascii())


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_utf_is_never_guessed(encoding: str, text: str) -> None:
    data = f"label,image\n{text}".encode(encoding)
    decoded, found, notes = Decoder().decode(data, "t.csv")
    assert (decoded, found, notes) == (f"label,image\n{text}", encoding, ())
    assert guess_encoding([data]) is None


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_a_table_error(data: bytes) -> None:
    with suppress(TableError):
        text, encoding, _ = Decoder().decode(data, "t.csv")
        assert data.decode(encoding) == text


def test_one_encoding_for_all_tables() -> None:
    long, short = table("사과,버스,고양이,의자,책상", "cp949"), table("뷁", "cp949")
    assert guess_encoding([short]) != "cp949"  # one rare syllable
    assert guess_encoding([short, long]) == "cp949"
    assert guess_encoding([short, long, b"ID,label\n1,2\n", "사과".encode()]) == "cp949"


def test_names_on_disk_decide(tmp_path: Path) -> None:
    folder = tmp_path / "뷁"
    folder.mkdir()
    (folder / "1.png").write_bytes(b"")
    (tmp_path / "train.csv").write_bytes("label,image\n뷁,뷁/1.png\n".encode("cp949"))
    assert read_sheet(tmp_path / "train.csv").encoding != "cp949"
    decoder = data_decoder([tmp_path / "train.csv", None], Listing(tmp_path), None)
    assert read_sheet(tmp_path / "train.csv", decoder=decoder).rows[0] == ("뷁", "뷁/1.png")


def test_the_given_encoding_is_used_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_bytes(table("café", "cp1252"))
    decoder = data_decoder([path], Listing(tmp_path), "Latin-1")
    sheet = read_sheet(path, decoder=decoder)
    assert (sheet.rows[0][0], sheet.encoding) == ("café", "iso8859-1")
    with pytest.raises(TableError, match=r"train\.csv .*utf-8.*line 2"):
        read_sheet(path, decoder=Decoder("utf-8"))
    with pytest.raises(UserError, match=r"'cp9949'.*'cp949'"):
        data_decoder([path], Listing(tmp_path), "cp9949")
    for no_text in ("base64", "rot13", "zip", "nonsense"):
        with pytest.raises(UserError, match=r"data\.encoding"):
            data_decoder([path], Listing(tmp_path), no_text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_the_text_of_a_table_is_decoded_like_the_table(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_bytes("id,사과\n1,0.5\n".encode(encoding))
    assert open_text(path) == "id,사과\n1,0.5\n"


def test_a_no_break_space_is_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(table("red\N{NO-BREAK SPACE}apple,ÎLE", "cp1252"))
    assert read_sheet(tmp_path / "t.csv").column("label")[0] == "red\N{NO-BREAK SPACE}apple"


def test_a_broken_character_in_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_bytes(table("사과,버스,고양이,café", "utf-8") + b"caf\xe9,img/1.png\n")
    with pytest.raises(TableError, match=r"train\.csv .*line 14"):
        read_sheet(path)
    assert guess_encoding([path.read_bytes()]) is None


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "bytes.csv").write_bytes(b"\x00\xc0\xff")
    for name in ("bytes.csv", "missing.csv", "."):
        with pytest.raises(UserError) as caught:
            open_text(tmp_path / name)
        assert str(tmp_path / name) in caught.value.problems[0]
