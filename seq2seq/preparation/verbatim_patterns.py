"""What the spans look like that a translation keeps: one pattern per kind. Numbers: number_patterns.py.

Each takes linear time on any text: it begins only where a word or a sign begins, and its repetitions are
possessive or bounded.
"""

from __future__ import annotations

import re

import regex  # type: ignore[import-untyped]

from seq2seq.preparation.number_patterns import LATIN, NUMBER, words

# A file and a domain end with one of these, so that "end.Then", "e.g." and "U.S." are neither.
_EXTENSIONS = words(
    "txt md rst rtf tex bib pdf docx? odt pptx? odp xlsx? ods epub mobi csv tsv json jsonl xml ya?ml toml "
    "ini cfg conf log sql db sqlite parquet html? css scss jsx? tsx? mjs py pyi pyc ipynb java kt swift "
    "cpp cc cxx hpp cs vb php rb rs lua jl scala sh bash zsh bat ps1 exe dll jar whl deb rpm msi dmg apk "
    "iso img zip tar gz bz2 xz 7z rar tgz png jpe?g gif svg bmp tiff? webp ico psd mp[34] wav ogg flac "
    "aac avi mkv mov webm m4[av] srt vtt po pot tmx xliff? ttf otf woff2? npy npz pth onnx safetensors "
    "bak tmp dat env lock"
)
_DOMAINS = words(
    "com org net edu gov mil info biz mobi io ai app dev xyz wiki cloud tech online site website shop "
    "blog eu ac ae af ar au ba bd bg bh br by ch cl cn cr cz de dk dz ec ee eg fi fm fr ge gg gr gt hk hr "
    "hu id ie il iq ir jp ke kr kw kz lk lt lu lv ly mk mx ng nl np nz pk pl pt qa ro ru rw sg sk sn th "
    "tn tr tt tv tw tz ua ug uk uy uz ve vn za zm"
)
_DOMAINS_LIKE_WORDS = words("am as at be ca co es in is it la ma me my no pe sa se si so to us va")
_ROOTS = words("bin boot data dev etc home lib media mnt opt proc root run sbin srv sys tmp usr var")

# A URL goes on after a punctuation mark only if more of it follows, and its brackets are balanced.
_CHAR = r"""[^\s<>"`{}()\[\]|\\^.,;:!?'*…«»“”‘’、。，；：！？（）「」『』《》【】]"""
_MARK = r"[.,;:!?'’*]"
_INSIDE = rf"(?:{_CHAR}|{_MARK})*+"
_BRACKETS = rf"(?:\((?:{_CHAR}|{_MARK}|\({_INSIDE}\))*+\)|\[{_INSIDE}\]|[{{]{_INSIDE}[}}])"
_REST = rf"(?:{_CHAR}++|{_BRACKETS}|{_MARK}++(?={_CHAR}|{_BRACKETS}))"

_LABELS = rf"(?:[{LATIN}0-9][{LATIN}0-9-]*+\.(?=[{LATIN}0-9]))++"
_URL = rf"""
    (?<![{LATIN}0-9]) (?:[a-z][a-z0-9+.-]{{1,15}}+:// | (?:mailto|tel|magnet|doi):)
    (?=[\w\[{{]|/[\w.]) {_REST}++
  | (?=[{LATIN}0-9]) (?<![{LATIN}0-9_@./\\-])
    (?: localhost:[0-9]++ | (?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}} (?=:[0-9]|/\w)
      | www\. {_LABELS} [{LATIN}]{{2,}}+
      | {_LABELS} (?:{_DOMAINS}|{_DOMAINS.upper()}|(?:{_DOMAINS_LIKE_WORDS})(?=/\w|:[0-9]))
      | (?:[{LATIN}0-9-]{{2,}}+\.(?=[{LATIN}0-9])){{2,}}+ (?:{_DOMAINS_LIKE_WORDS})
    ) (?![{LATIN}0-9_-]) (?::[0-9]{{1,5}}+)? (?: / {_REST}*+ | [?\#] {_REST}++ )?
"""
_EMAIL = rf"(?<![\w.+@%-]) [\w+%] [\w.+%-]*+ @ {_LABELS} [{LATIN}]{{2,}}+ (?![\w-])"
_MENTION = rf"""
    (?<![\w@/.&]) @ [^\W\d]\w*+ (?:[.-]\w++)*+ (?:@{_LABELS}[{LATIN}]{{2,}}+)?
  | (?<![\w#/&]) \# \w++ (?:-\w++)*+
"""

_NAME = rf"(?:\w[\w+-]*+(?:\([0-9]{{1,3}}\))?\.(?=\w))++(?:(?i:{_EXTENSIONS}))(?![\w-])"
_STEP = r"(?:[\w@+=%~-]|[.:](?=\w))++"
_SEGMENT = r"(?:[\w$~+@&#%=-]|[.,'()](?=[\w$~-]))++"
_FILE = rf"""
    (?<!\w) [A-Za-z]:\\ (?:{_SEGMENT}(?:[ ]{_SEGMENT}){{0,3}}+\\)*+ (?:{_SEGMENT})?
  | \\\\{_SEGMENT} (?:\\{_SEGMENT})++
  | (?=[~./]) (?<![\w/\\.)\]}}>~<%@-])
    (?: (?:~|\.\.?)(?:/{_STEP})++ | (?:/{_STEP}){{2,}}+ | /(?:{_ROOTS})(?![\w.-])
      | /(?=[\w-]*+[._0-9]){_STEP} ) /?
  | (?=[\w@+=%~.-]) (?<![\w.+@/\\:~<%=-])
    (?: (?:{_STEP}[/\\])*+ {_NAME} | (?=[\w./-]*?_)(?:{_STEP}/)++{_STEP}/? | (?:{_STEP}/){{2,}}+(?!\S) )
  | (?<![\w.)\]]) \.(?:{_EXTENSIONS}|gitignore|gitattributes|bashrc|zshrc|profile|vimrc|htaccess)(?!\w)
  | (?<!\w) lib\w++\.so (?:\.[0-9]++)*+ (?!\w)
  | \\(?:x[0-9A-Fa-f]{{2}}|u[0-9A-Fa-f]{{4}}|U[0-9A-Fa-f]{{8}}|[nrtbfv0"'\\])
"""

_BRACES = r"(?:[^{}]|[{](?:[^{}]|[{][^{}]*+[}])*+[}])*+"
_PLACEHOLDER = rf"""
    [{{]{{2}} [^{{}}\n]{{0,200}}+ [}}]{{2}} | [{{]% [^{{}}%\n]{{0,200}}+ %[}}]
  | [$#@%][{{] [^{{}}\n]{{0,200}}+ [}}]
  | [{{][ ]?[^\s{{}}]{{0,100}}+[ ]?[}}]
  | [{{]\s*+\w++\s*+,\s*+(?:plural|select|selectordinal|number|date|time)\b {_BRACES} [}}]
  | (?<![\w%]) % (?: \(\w++\)[sdfrxiu] | [A-Z_][A-Z0-9_]++% | % )
  | (?<![\d%]) (?<!\d[ \u00a0\u202f])
    % (?:[0-9]\$)? [-+\#0]? [0-9]{{0,3}}+ (?:\.[0-9]{{1,2}})? (?:hh?|ll?|z)? [sdifguxXeEcp@] (?![A-Za-z]{{3}})
  | \$ [A-Za-z_]\w*+ | (?<!_)_{{2,}}+(?!\w)
"""
_TAG = r"""
    <(?: /?[A-Za-z][\w:.-]*+ (?:\s(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)? /?
       | !--(?:[^<>-]|-(?!-))*+-- | [!?][A-Za-z][^<>]*+ )>
  | & (?:[A-Za-z][A-Za-z0-9]{1,9}+|\#[0-9]{1,7}+|\#x[0-9A-Fa-f]{1,6}+);
  | \[/?(?:b|i|u|s|url|img|quote|code|list|size|color)(?:=[^\s\[\]]*+)?\]
  | (?<![\w*~]) (?:\*{2,3}+|~~) (?![\s*~]) | (?<![\s*~]) (?:\*{2,3}+|~~) (?![\w*~])
  | (?<!\w)__(?=[^\W_][^_\n]{0,200}+__(?!\w)) | (?<=[^\s_])__(?!\w)
"""

# A number with a point after one of these words is a version or the number of a part.
_INTRODUCED = words(
    "Version version Versions versions Release release Section section Chapter chapter Chapitre chapitre "
    "Figure figure Table table Tableau tableau Python Windows Ubuntu Debian Android iOS macOS Java PHP HTTP "
    "USB Bluetooth Firefox Chrome Node Django CUDA"
)
_INTRODUCED = "|".join(f"(?<={word}[ ])" for word in _INTRODUCED.split("|"))  # each as long as its word
_JSON = r"""[{]\s*+"[^"\n]*+"\s*+:(?:[^{}\n]|[{][^{}\n]*+[}])*+[}]"""
_CODE = rf"""
    {_JSON} | (?<!`) (`++) [^`\n]++ \1 (?!`)
  | (?<!\w) (?=[\w-])
    (?: (?<!\.) (?=[A-Za-z_]) (?=(?:\w|\.(?=\w))*?(?:[a-z][A-Z]|[^\W_]_++[^\W_]|\b__?+[A-Za-z]|\(\)))
        (?!(?:PhDs?|[MBD]Sc|[a-z][A-Z]{{3,}}+|_[^\W_]++_)(?!\w)
           | __(?=[^_\n]{{0,200}}?\s)[^_\n]{{1,200}}+__(?!\w))
        [A-Za-z_]\w*+ (?:\.\w++)*+ (?:\(\))?
      | (?=[A-Za-z_])
        (?: \w++(?:::\w++)++ (?:\(\))?
          | (?<![.-]) [A-Za-z]++[0-9]\w*+ (?:[.-][0-9]\w*+)*+ (?!\w)
          | (?<!-) (?!(?:Mid|Post|Pre|Under|Over|Top|Non)-) [A-Z][A-Za-z]*+-[0-9]\w*+ (?:-\w++)*+
          | [A-Za-z]\w*+ (?:\+\+|\#) (?!\w) )
      | (?<![.,:-]) (?=[0-9a-f])
        (?: [0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}} (?!\w)
          | (?=[0-9]*+[a-f]) (?=[a-f]*+[0-9]) [0-9a-f]{{7,64}}+ (?!\w)
          | [0-9]++ (?!(?:AM|PM|ST|ND|RD|TH|S)(?!\w)) [a-z]*+[A-Z]\w*+ | 0x[0-9A-Fa-f]++ (?!\w) )
      | (?<!-) --[A-Za-z][\w-]*+ (?:=[^\s"'.,;!?]++)?
      | (?=[0-9]++\.[0-9]) (?<=[A-Za-z][ ]) (?:{_INTRODUCED}) [0-9]++(?:\.[0-9]++)++ )
"""

# Unicode Technical Standard 51, with single regional indicators; then emoticons and names between colons.
_FACE = r"""
    \p{Regional_Indicator}{1,2}+ | [0-9\#*]\ufe0f?\u20e3
  | \p{Extended_Pictographic}[\ufe0e\ufe0f\p{Emoji_Modifier}]*+[\U000e0020-\U000e007f]*+
    (?:\u200d\p{Extended_Pictographic}[\ufe0e\ufe0f\p{Emoji_Modifier}]*+)*+
  | \p{Emoji_Modifier}
"""
_EMOJI = rf"""
    (?:{_FACE})++ | (?<![\w:]) :[a-z][a-z0-9_+-]{{1,40}}+: (?![\w:])
  | (?<![^\s(]) (?:[:;=]['’]?-?[()DPpOo/|*\[\]]|<3|\^_?\^) (?![^\s.,!?)])
"""

_KINDS = {
    "email": _EMAIL,
    "url": _URL,
    "file": _FILE,
    "tag": _TAG,
    "placeholder": _PLACEHOLDER,
    "mention": _MENTION,
    "emoji": _EMOJI,
    "code": _CODE,
    "number": NUMBER,
}
# `re` is three to four times as fast as `regex`, but does not know the properties of emoji.
PATTERNS = {
    kind: regex.compile(pattern, regex.VERBOSE) if kind == "emoji" else re.compile(pattern, re.VERBOSE)
    for kind, pattern in _KINDS.items()
}
# A text without a match of this has no span of these kinds. Most sentences have none.
HINT = re.compile(
    r"""[0-9@/\\<>{}\[\]`_:%$#&*~+=|^\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030-\u303d\u3297\u3299]"""
    r"""|[\U00010000-\U0010ffff]|\.(?=\w)|;(?=['’()DPpOo-])|(?<=[a-z])[A-Z]|--|\(\)"""
)
