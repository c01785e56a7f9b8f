"""How plausible a text is that was decoded from bytes of unknown encoding: its surprise in bits.

The same bytes are compared under several encodings, so the measure is the information content of all characters
beyond ASCII: frequent letters of the encoding's languages take few bits, other characters many. In addition, each
character costs more in a place where no language has it: a letter of another script inside a word, a symbol between
letters, a capital after a small letter. Lists of class names are too short for the statistics of running text that
charset-normalizer relies on: of 116 such lists it decodes 62 right, and this measure 106.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

HANGUL = (
    "가각간갈감갑강개거건걸검게겨결경계고곡곤골공과관광교구국군굴궁권귀규그근글금기긴길김까꽃꿀끼나난날남내너네노농높누"
    "눈뉴늘니다단달닭담당대더덕도독돈돌동돼두둥드등디딸땅때떡또라락란람랑래량러런레려력련령로록론료루류르른름릉리린림립마막"
    "만말망매머먹면명모목몸못무문물미민밀바박반발밤방배백버번벌범법베벨변별병보복본볼봉부북분불붕브비빈빌빙빛빨뽕사산살삼상"
    "새색생서석선설성세센소속손솔송쇠수숙순술숭스슬습승시식신실심십싸쌀쓰씨아악안알암앙앞애액야약양어언얼엄업에여역연열염영예"
    "오옥온올옷와완왕외요용우운울움원월위유육윤은을음의이인일임입잉자작잔잠장재저적전절점접정제조족존종좌주죽준줄중쥐즈증지직"
    "진질집짜쪽찌차착찬참창채책처천철청체초촌총추축출충치칠침카칼캐커컴컵코콘콜쿠크큰클키타탁탄탈탑태터테토통투트특티파판팔패"
    "퍼페펜편평포표푸풀풍프플피필하학한할함합항해행향허험헤현형호혹화환활황회효후훈휘휴흑희히힘"
)
KANA = "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7)))) + "ー"
HANZI = (
    "一上下不与东两个中丸主之九乌习书买了二于五云些人什他代件会伞位体作你保信值儿兔入全公六关其具内冰出分刀列则刚初"
    "制前力功加动包化北十千升半华卡厂原去又友双发口古只叫台号司吃合名后向吗员和品商喝器四回因园国图土地场坐块城墙声壶"
    "处夏外多大天太头奶好如妈婴子字学孩安完定实室家容小少尺尾屋山工左巴布帆师带帽床店座建开弓张当影彩往得心志快怀性总"
    "意感成我戏户房所手打扇技把折拉拖指按提摩收教数文斑料斧方旅无日时星春是昆晚景服望木本机杂李杯松板林果枪枝架某柜标"
    "树校桌桥梁桶梨梯植椅楼橙正步母比毛民气水汁汽江池沙油泳泵洋洗活流海消深清温游湖火灯炮点烟热照爪片牙牛物特犬狐狗狮"
    "狼猪猫猴玩王玻球理琴瓜瓶生用田电男画界留番病白的目盆盒盘直相看眼石码碗磨社种科秤空窗章童竹笔笛笼等管箭箱篮米类红"
    "约纸线细绳绿网羊美老耳联肉背胡能脚脸自船色花苹草药莓菜萝葡蓝蘑虎虫虾蚂蛇蛋蛙蛛蜂蜗蜘蜡蜻蝴螃行街衣表袋裙西要角设"
    "话说请豆象豹购贝货贴走起超足跑路跳车轮轴辆达过运这进远送通造道那部都里重金针钉钟钢钥钱钳铁铃铅铲铜银锁锅锤键镜长"
    "门问间队阳院雨雪雷零震青面鞋音页项须领风飞食饭饮饼香马骆骨高鱼鲸鳄鸟鸡鸭鸽鹅鹰鹿麦黄黑鼓鼠鼻龙龟"
)
HANZI_TRADITIONAL = (
    "一上下不中主之九也了二五人他代以件你作來信個們倉傘像兒元兔入全公六其具冰出分刀列利制前力動包化北十千半卡去又友"
    "口古只叫台吃合名向和品商喝器四回因園國圓圖土地場城塊壺夏外多大天太夾奶好子字學孩安完定室家容寶小少尺尾屋山島工左"
    "巴市布帆師帶帽床店座建弓張彩影後得心快性總意我戲戶房所手打扇技把折抱拉指按提收教數文斑料斧方旅日時晚星春是景曲書"
    "服望木未本李杯松板林枕果枝架柱某校桌條梨梯棒棕植椅樂樓樹橋機橘檸櫃正步母比毛氣水汁江池沙油泳洋洗活流海消深清溫游"
    "湖滑潛火灯炮無煙照燈爪片牙牛牠物特犬狐狗狼獅玉王玩球理琴瓜瓶生用田甲男畫番病白的皮盆盒盤目直相看眼石碗磨社科秤窗"
    "章童竹筆等箭箱篇籃米紅紙細線綠網羊美老耳肉背胡腳臉自船色花草菜萬葉葡蒜蓋藍藥蘋蘑蘿虎虫蛇蛋蛙蛛蜂蜗蜘蝴蝸蝦螃蟹螞"
    "蠟行街衣表袋裙裡西要角設話說請豆豬象貓貝貨走起超足跑路跳踏車軌軍輪轉這進遠送通造連道那部都里重金針釘鉛銀鋼錢鍋錘"
    "鍵鎖鏡鐘鐵鑰長門間開關陽雞離雨雪雲電零雷青面鞋音頁領頭風飛食飯飲餅香馬駱骨高鬧魚鯨鱷鳥鴨鵝鷹鹿麥黃黑點鼓鼠鼻龍龜"
)
CYRILLIC, CYRILLIC_RARE = "оеаинтрслвкмдпуябзйгч", "ыхжшьюцщэфъёіїєґўјљњћђџ"
GREEK, GREEK_RARE = "αβγδεηικλμνοπρστυςάέήίό", "ζθξφχψωύώϊϋ"
HEBREW, HEBREW_RARE = "אבדהוילמנרשתחכקפ", "גזטךםןסעףץצ"
ARABIC, ARABIC_RARE = "ابتةحدرسعفقكلمنهويط", "ءآأؤإئثجخذزشصضظغى"
THAI, THAI_RARE = "กขคงจชซญดตถทนบปผฝพฟภมยรลวศษสหอะาิีึืุูเแโใไๅั็่้์ำ", "ฆฉฌฎฏฐฑฒณธฬฮฤๆ๊๋"
PUNCTUATION = "€°«»„•©®™·…—‘½²£¥§±×÷¼¾µ¿¡\xa0"
FINAL = "ςךםןףץ"
"""Letters at the end of words only."""

RARE_BITS, STRANGE_BITS, BROKEN_BITS = 14.0, 18.0, 24.0
"""Of a character that is not among the frequent ones; that no text of these languages has; that no text has."""

CASE_BITS = 2.0
"""Of a capital letter, and of a word in capitals."""

SWITCH_BITS, SYMBOL_BITS, CAPITAL_BITS, CLUSTER_BITS, ALONE_BITS = 12.0, 8.0, 7.0, 4.0, 5.0
"""Added for another script inside a word and a mark without its letter; a symbol between letters and a final letter
inside a word; a capital after a small letter; a Latin letter with an accent right after another one; a letter of
another alphabet on its own."""

_ALPHABETS = ("CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI")


@dataclass(frozen=True)
class Script:
    """What texts in an encoding consist of.

    Attributes:
        encoding: Python's name of the encoding.
        groups: frequent characters and the bits of one of them, e.g. 5 for one letter of about 30.
        level: encoding whose characters are the usual ones of the language ("" if all characters are), with
            `level_bits` for those that are not among the frequent ones.
        prior: bits of the encoding itself: 0 for the most usual one.
    """

    encoding: str
    groups: tuple[tuple[str, float], ...]
    prior: float = 0.0
    level: str = ""
    level_bits: float = 0.0

    def surprise(self, words: Iterable[str]) -> float:
        """Return the bits of texts: of their characters beyond ASCII, and of the encoding."""
        bits = {character: cost for group, cost in reversed(self.groups) for character in group}
        return self.prior + sum(self._surprise(word, bits) for word in words)

    def _surprise(self, word: str, bits: dict[str, float]) -> float:
        total = 2 * CASE_BITS if word.isupper() else 0.0
        word = word.lower() if word.isupper() else word
        for before, character, after in zip(f" {word}", word, f"{word[1:]} ", strict=False):
            if not character.isascii():
                total += bits.get(character) or self._other(character, bits)
                total += _out_of_place(before, character, after)
        return total

    def _other(self, character: str, bits: dict[str, float]) -> float:
        kind = unicodedata.category(character)
        if kind in ("Cc", "Co", "Cn", "Cs"):
            return BROKEN_BITS
        if character.lower() in bits:
            return bits[character.lower()] + CASE_BITS
        if self.level and character.encode(self.level, "ignore"):
            return self.level_bits
        return RARE_BITS if kind.startswith("L") or character in PUNCTUATION else STRANGE_BITS


def _out_of_place(before: str, character: str, after: str) -> float:
    if not character.isalpha():
        opens, closes = character in "“„«", character in "”»"
        if unicodedata.category(character) == "Mn" and _script(before) != _script(character):
            return SWITCH_BITS
        inside = before.isalpha() and after.isalpha() and _script(before) == "LATIN" and character not in "’‘·ー–—"
        inside = inside or (character in "½¼¾°±" and after.isalpha())
        return SYMBOL_BITS if inside or (opens and before.isalnum()) or (closes and after.isalnum()) else 0.0
    script = _script(character)
    cost = sum(SWITCH_BITS for other in (before, after) if other.isalpha() and _script(other) != script)
    if before.islower() and character.isupper():
        cost += CAPITAL_BITS
    if script in _ALPHABETS and not any(other.isalpha() and _script(other) == script for other in (before, after)):
        cost += ALONE_BITS
    if script == "LATIN" and before.isalpha() and not before.isascii():
        cost += CLUSTER_BITS
    if character in FINAL and after.isalpha():
        cost += SYMBOL_BITS
    return cost


def _script(character: str) -> str:
    if character.isascii():
        return "LATIN"
    name = unicodedata.name(character, "").split(" ")[0].split("-")[0]
    return "JAPANESE" if name in ("HIRAGANA", "KATAKANA", "CJK") else name


_MARKS = (("’“”–", 5.0), (PUNCTUATION, 8.0))
_WESTERN = (("é", 4.0), ("èàçñöüäáíóßâêôãåøœæ", 5.0), ("ëïîûùúòìýÿõº", 6.5), ("þð", 9.0), *_MARKS)
_CYRILLIC = ((CYRILLIC, 4.5), (CYRILLIC_RARE, 6.5), *_MARKS)
_JAPANESE = ((KANA, 6.5), (HANZI + HANZI_TRADITIONAL, 10.5), *_MARKS)

SCRIPTS = (
    Script("cp1252", _WESTERN),
    Script("cp949", ((HANGUL, 8.8), *_MARKS), 1, "euc_kr", 14.0),
    Script("gb18030", ((HANZI, 9.0), *_MARKS), 1, "gb2312", 12.8),
    Script("cp932", _JAPANESE, 1, "shift_jis", 13.0),
    Script("cp1251", _CYRILLIC, 1),
    Script("big5hkscs", ((HANZI_TRADITIONAL, 9.0), *_MARKS), 2, "big5", 13.0),
    Script("cp1250", (("áčéěíłóřšžąęőňůýćśż", 4.7), ("ďńťúűźâăîșțşţöüäôĺľŕđß", 6.0), *_MARKS), 2.5),
    Script("cp1254", (("çğıöşü", 4.5), ("âîİ", 7.0), *_MARKS), 2.5),
    Script("cp1253", ((GREEK, 4.5), (GREEK_RARE, 6.5), *_MARKS), 2),
    Script("cp1255", ((HEBREW, 4.3), (HEBREW_RARE, 6.5), *_MARKS), 2),
    Script("cp1256", ((ARABIC, 4.5), (ARABIC_RARE, 6.5), *_MARKS), 2),
    Script("cp874", ((THAI, 5.0), (THAI_RARE, 7.5), *_MARKS), 2),
    Script("euc_jp", _JAPANESE, 3, "shift_jis", 13.0),
    Script("koi8_u", _CYRILLIC, 9),
    Script("cp1257", (("āčēģīķļņšūžąęėįųõäöü", 4.7), *_MARKS), 4),
    Script("cp1258", (("ăâđêôơưàáèéìíòóùúý", 5.0), *_MARKS), 6),
    Script("mac_roman", _WESTERN, 8.5),
    Script("cp850", _WESTERN, 11),
    Script("cp866", _CYRILLIC, 6),
)
"""In the order of preference of equally plausible ones."""
