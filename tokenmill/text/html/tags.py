"""What the extractor knows of HTML's elements and of the words authors name them by.

An element is known to the kernels by a small number, `TAG[name]`; `FLAGS[number]` says how it behaves. What an element
and the elements around it tell about a text (`<nav>`, `role=main`, `class="sidebar"`) are bits of one int64, its marks.
"""

from typing import Final

import numpy as np

from tokenmill.text.html.lexer import code_map, name_code, token_code
from tokenmill.text.kernel.cache import frozen

# How an element behaves: bits of FLAGS.
BLOCK: Final = 1  # begins and ends a line
WIDE: Final = 2  # a blank line apart from what surrounds it
VOID: Final = 4  # has no content
SKIP: Final = 8  # what stands in it is not text for readers
WALL: Final = 16  # an end tag inside it closes nothing outside
LIMIT: Final = 32  # the search for an open <li>, <dt> or <dd> stops at it
LINE: Final = 64  # in a <pre> it marks a line and begins no block

# Traits of an element: what its tag, its style and its class say about the way in which its text is read.
HIDDEN_TRAIT: Final = 1  # no browser shows its text
PRE_TRAIT: Final = 2  # white space counts
LINE_TRAIT: Final = 4  # its style makes it a block
COUNTER_TRAIT: Final = 8  # it has the numbers of lines of code
DRAWN_TRAIT: Final = 16  # it shows a formula for the second time
FORMULA_TRAIT: Final = 32  # the `alt` of the image is TeX
MARK_TRAIT: Final = 64  # a mark of an editor or a generator: edit link, permanent link
TOGGLE_TRAIT: Final = 128  # a button that opens something: its text is a heading
ARIA_TRAIT: Final = 256  # hidden from screen readers only
REFERENCE_TRAIT: Final = 512  # a <sup> of this class is the number of a reference or an editor's remark
UNSEEN_TRAIT: Final = 1024  # only screen readers have its text, or it shows only under the pointer
LINK_TRAIT: Final = 2048  # an element of an unknown name with `href`
ROW_TRAIT: Final = 4096  # in a <pre> it is a line of code
TEX_TRAIT: Final = 8192  # its text is TeX between `$` or other delimiters, which a script shows as a formula
ANCHOR_TRAIT: Final = 16384  # a link to a place on a page
DIALOG_TRAIT: Final = 1 << 16  # a dialog
GONE_TRAIT: Final = 1 << 17  # it takes no room on the page: a hidden cell has no column
DOWN_TRAIT: Final = 1 << 18  # a list that counts down
RAISED_TRAIT: Final = 1 << 19  # its style raises its text, as that of a <sup>
LOWERED_TRAIT: Final = 1 << 20  # its style lowers its text, as that of a <sub>
SCRIPT_TRAITS: Final = RAISED_TRAIT | LOWERED_TRAIT

# Names in a string are apart by a space.
_BLOCKS = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption"
    " figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section"
    " summary table tbody td tfoot th thead tr ul"
)
_WIDE = "article blockquote dl figure h1 h2 h3 h4 h5 h6 hr main ol p pre section table ul"
_VOID = "area base br col embed hr img input link meta param source track wbr basefont bgsound frame keygen image"
_SKIP = (
    "script style textarea title xmp iframe noembed noframes noscript svg template object canvas audio video"
    " select datalist applet button"
)
_WALLS = "table td th caption"
_INLINE = "a span b i em strong label font small sub sup u s code q time cite abbr math del ins strike"
_LINES = "div li ol tr td th tbody thead tfoot table"  # blocks that mark lines in a <pre>
_PASSED = "address div p li dt dd"  # blocks that an open <li> is looked for behind

NAMES: Final = list(dict.fromkeys(["", *" ".join([_BLOCKS, _VOID, _SKIP, _INLINE]).split(" ")]))
TAG: Final = {name: number for number, name in enumerate(NAMES)}
NUM_TAGS: Final = len(NAMES)


def numbers_of(names: str) -> tuple[int, ...]:
    """Returns the numbers of elements of HTML, whose names are apart by a space."""
    return tuple(TAG[name] for name in names.split())


STRUCK_TAGS: Final = numbers_of("del s strike")
SCRIPT_TAGS: Final = numbers_of("sup sub del s strike")


def _flags(name: str) -> int:
    is_block = name in _BLOCKS.split(" ")
    return (
        BLOCK * is_block
        | WIDE * (name in _WIDE.split(" "))
        | VOID * (name in _VOID.split(" "))
        | SKIP * (name in _SKIP.split(" "))
        | WALL * (name in _WALLS.split(" "))
        | LIMIT * (is_block and name not in _PASSED.split(" "))
        | LINE * (name in _LINES.split(" "))
    )


FLAGS: Final = frozen(np.array([_flags(name) for name in NAMES], dtype=np.int64))

# Marks: the elements first, then what attributes say.
_ELEMENT_MARKS: Final = {
    "nav": "nav menu",
    "header": "header",
    "footer": "footer",
    "aside": "aside",
    "form": "form fieldset",
    "article": "article",
    "main": "main",
    "table": "table",
    "list": "ul ol dir",
    "figure": "figure figcaption caption",
    "quote": "blockquote q",
    "pre": "pre code",
    "heading": "h1 h2 h3 h4 h5 h6 hgroup",
    "label": "label legend summary",
    "definition": "dl",
    "time": "time address",
    "section": "section",
    "paragraph": "p",
}
_ROLES: Final = {
    "nav": "navigation menu menubar toolbar tablist",
    "header": "banner",
    "footer": "contentinfo",
    "aside": "complementary note",
    "main": "main",
    "article": "article",
    "form": "search form",
    "label": "button",
    "w_panel": "tabpanel region",
}
_WORDS: Final = {
    "w_nav": "nav navi navigation navbar menu menus topnav subnav mainmenu submenu navbox menubar topmenu dropdown tab"
    " tabs",
    "w_crumb": "breadcrumb breadcrumbs crumbs crumb pathway breadcrum",
    "w_side": "sidebar side aside rail sidebars sidecolumn secondary",
    "w_column": "left right col column leftcol rightcol leftcolumn rightcolumn",
    "w_foot": "footer foot bottom colophon copyright fusszeile",
    "w_head": "header head masthead top logo topbar",
    "w_comment": "comment comments commentlist respond disqus reply replies discussion kommentar kommentare comentarios"
    " commentaires message messages forum thread",
    "w_share": "share sharing social facebook twitter sns bookmark bookmarks addthis addtoany like likes tweet"
    " pinterest whatsapp sharedaddy shariff sociallinks socials follow",
    "w_related": "related similar recommended recommend recommendations more popular latest recent trending mostread"
    " readmore also other others relacionados aehnliche crosslink links linklist",
    "w_ad": "ad ads advert advertisement adv sponsor sponsored promo promotion promoted banner outbrain taboola dfp"
    " adsense adunit anzeige werbung banners adsbygoogle",
    "w_widget": "widget widgets module portlet panel sidebox",
    "w_box": "box block infobox wrapper container inner",
    "w_notice": "cookie cookies consent gdpr popup modal overlay dialog lightbox notice alert warning tooltip",
    "w_account": "login signin signup register account user member password auth cart basket shop price product buy"
    " checkout",
    "w_letter": "newsletter subscribe subscription mailing abo optin paywall",
    "w_meta": "meta byline author authors date time published postmeta info dateline timestamp credit credits details"
    " autor datum posted entrymeta",
    "w_tags": "tag tags category categories label labels keywords topics topic taxonomy cat catlinks",
    "w_image": "caption figcaption image img photo picture gallery slideshow thumb thumbnail video player media slider"
    " carousel foto imagecaption",
    "w_article": "article post entry story hentry news blog artikel noticia blogpost single articles newsarticle",
    "w_content": "content contents body text main page primary maincontent bodytext articlebody entrycontent fulltext"
    " copy articletext inhalt contenido texte prose storybody richtext",
    "w_title": "title headline heading subtitle kicker titel",
    "w_lead": "lead intro summary excerpt teaser abstract description desc standfirst deck preview snippet",
    "w_pager": "pagination pager paging next prev previous pages older newer",
    "w_search": "search filter sort suche searchform",
    "w_tool": "print tools toolbar tool utility util actions action button buttons btn email mail jump download skip",
    "w_bio": "bio about profile avatar vcard biography contact kontakt impressum",
    "w_list": "list items item grid row cards card archive feed loop index listing",
    "w_hidden": "hidden hide invisible noprint screenreader sronly visuallyhidden none collapse reference references",
    "w_vote": "rating votes vote score stars review reviews poll karma",
    "w_legal": "legal disclaimer terms privacy license",
    "w_language": "language lang languages locale langs interlanguage",
    "w_panel": "accordion accordions collapse collapsible collapsed panel tab tabs tabpanel tabcontent toggle expander"
    " expand expandable expanded faq faqs answer answers details disclosure",
    "w_reader": "comment comments commentlist commentarea commentbox commenttext disqus respond kommentar kommentare"
    " comentario comentarios commentaire commentaires komentarz komentarze kommentarer reacties",
    "w_edit": "edit mw jumplinks editsection toc sitesub navhead",
}
MARKS: Final = [*_ELEMENT_MARKS, "hidden", "body_property", *_WORDS]  # bit i of an element's marks means MARKS[i]
HIDDEN: Final = 1 << MARKS.index("hidden")
PANEL: Final = 1 << MARKS.index("w_panel")  # readers open it with a click
NOTICE: Final = 1 << MARKS.index("w_notice")
BODY_PROPERTY: Final = 1 << MARKS.index("body_property")
CODE_MARK: Final = 1 << MARKS.index("pre")
NUM_MARKS: Final = len(MARKS)


def _marks_of(bits: dict[str, str]) -> dict[int, int]:
    found: dict[int, int] = {}
    for mark, words in bits.items():
        for code in map(name_code, words.split()):
            found[code] = found.get(code, 0) | 1 << MARKS.index(mark)
    return found


# Class names, whole and in any case, that say how text is read. Words of unknown names are in _WORDS.
_TOKENS: Final = {
    PRE_TRAIT: "blob-code blob-code-inner lines-code code-inner crayon-pre syntaxhighlighter codemirror-code cm-content"
    " view-lines",
    COUNTER_TRAIT: "blob-num line-number line-numbers line-numbers-rows linenos linenodiv lineno lntd-number gutter"
    " rouge-gutter hljs-ln-numbers ln crayon-nums crayon-nums-content lines-num codemirror-linenumber",
    DRAWN_TRAIT: "katex-html mathjax_display mathjax_svg mathjax_svg_display mathjax_chtml mjx-chtml mjx-math",
    DRAWN_TRAIT | TEX_TRAIT: "mathjax mathjax_preview",
    TEX_TRAIT: "math math-container math-tex mathjax-tex arithmatex",
    FORMULA_TRAIT: "mwe-math-fallback-image-inline mwe-math-fallback-image-display latex tex",
    MARK_TRAIT: "mw-editsection mw-cite-backlink headerlink hash-link anchor-link anchorjs-link heading-anchor"
    " header-anchor viewcode-link doc-anchor",
    ROW_TRAIT: "line",
    REFERENCE_TRAIT: "reference mw-ref inline-template",
    UNSEEN_TRAIT: "sr-only visually-hidden visuallyhidden screen-reader-text screenreader-text hide-visually"
    " visually-hidden-focusable screenreader-only a11y-hidden u-visually-hidden hide-caption"
    " tooltiptext tooltip-text tooltip-content tooltip__content tool-tip__content tooltip-inner",
}
# What a page says of itself in `og:type`, in `generator`, in `itemtype`, or in the `@type` of JSON-LD: words per sign.
_SIGNS: Final = {
    "article": "article newsarticle blogposting reportagenewsarticle techarticle scholarlyarticle opinionnewsarticle",
    "product": "product productgroup offer",
    "forum": "discussionforumposting qapage discourse phpbb vbulletin xenforo mybb flarum question",
    "listing": "itemlist collectionpage searchresultspage blog",
    "documentation": "sphinx docutils mkdocs docusaurus javadoc rustdoc doxygen hugo vuepress vitepress"
    " gitbook apireference mediawiki",
    "shop": "woocommerce shopify magento prestashop bigcommerce",
    "service": "localbusiness service faqpage medicalbusiness legalservice professionalservice",
    "website": "website",
    "profile": "profile profilepage person",
    "video": "video videoobject",
    "recipe": "recipe",
    "blog": "wordpress blogger ghost joomla drupal",
}
SIGNS: Final = tuple(_SIGNS)

WORD_CODES, WORD_MARKS = code_map(_marks_of(_WORDS))
TOKEN_CODES, TOKEN_TRAITS = code_map(
    {token_code(name): trait for trait, names in _TOKENS.items() for name in names.split()}
)
SIGN_CODES, SIGN_BITS = code_map(
    {token_code(name): 1 << SIGNS.index(sign) for sign, names in _SIGNS.items() for name in names.split()}
)
ROLE_CODES, ROLE_MARKS = code_map(_marks_of(_ROLES))
TAG_CODES, TAG_NUMBERS = code_map({name_code(name): number for name, number in TAG.items() if name})
_OF_ELEMENT = {name: 1 << MARKS.index(mark) for mark, names in _ELEMENT_MARKS.items() for name in names.split()}
TAG_MARKS: Final = frozen(np.array([_OF_ELEMENT.get(name, 0) for name in NAMES], dtype=np.int64))
