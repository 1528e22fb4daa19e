/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XML text as a tree in which every name and value knows its exact place.
 *
 * libxml2 says on which line a start tag ends and nothing of attributes. But when it reports a
 * start tag, its input stands just before the tag's '>', and in well-formed XML no '<' stands
 * inside a tag: so the tag is found by looking back for one, and read again forward, for places
 * alone. The values are libxml2's.
 */
#include "xml.h"

#include <stdlib.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <string.h>
#include <strings.h>

#include "text.h"

enum { MOST_DEPTH = XML_DEPTH, MOST_ELEMENTS = 200000 };

#define FRAGMENT_OPEN "<fragment xmlns=\"" FORNIX_NAMESPACE "\">"
#define FRAGMENT_CLOSE "</fragment>"

typedef struct {
    const Source *source;
    Diag *diag;
    Arena *arena;
    xmlParserCtxtPtr context;
    size_t shift; /* bytes that libxml2 was given before the source's text */
    Place cursor; /* of byte cursor_at; places are asked for in the order of the text */
    size_t cursor_at;
    Element *root, *open;
    const char *space; /* the root's namespace */
    const Element *strayed;
    int depth, elements;
    bool stopped;
} Reader;

typedef struct {
    size_t name, name_length, value, value_length; /* bytes of the source's text */
} Piece;

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static int characters(const char *text, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++)
        count += !continues(text[i]);
    return count;
}

static Place place_at(Reader *reader, size_t at, size_t length)
{
    const char *text = reader->source->text;
    for (; reader->cursor_at < at; reader->cursor_at++) {
        if (text[reader->cursor_at] == '\n') {
            reader->cursor.line++;
            reader->cursor.column = 1;
        } else if (!continues(text[reader->cursor_at])) {
            reader->cursor.column++;
        }
    }
    Place place = reader->cursor;
    const char *feed = memchr(text + at, '\n', length);
    place.length = characters(text + at, feed ? (size_t)(feed - text) - at : length);
    if (!place.length)
        place.length = 1;
    return place;
}

/* Where libxml2 stands, as a byte of the source's text. */
static size_t input_at(const Reader *reader)
{
    long at = xmlByteConsumed(reader->context) - (long)reader->shift;
    size_t length = reader->source->length;
    return at < 0 ? 0 : (size_t)at > length ? length : (size_t)at;
}

static void stop(Reader *reader)
{
    reader->stopped = true;
    xmlStopParser(reader->context);
}

/* Reads one attribute of a tag known to be well-formed, and moves at behind it. */
static bool tag_piece(const Source *source, size_t *at, Piece *piece)
{
    static const char blanks[] = " \t\r\n";
    const char *text = source->text;
    *at += strspn(text + *at, blanks);
    piece->name = *at;
    piece->name_length = strcspn(text + *at, " \t\r\n=/>");
    *at += piece->name_length;
    *at += strspn(text + *at, blanks);
    if (!piece->name_length || text[*at] != '=')
        return false;
    *at += 1;
    *at += strspn(text + *at, blanks);
    const char *quote = text + *at;
    const char *end = *quote == '"' || *quote == '\'' ? strchr(quote + 1, *quote) : NULL;
    if (!end)
        return false;
    piece->value = *at + 1;
    piece->value_length = (size_t)(end - quote) - 1;
    *at = (size_t)(end - text) + 1;
    return true;
}

static bool is_namespace(const char *name, size_t length)
{
    return length >= 5 && memcmp(name, "xmlns", 5) == 0 && (length == 5 || name[5] == ':');
}

/* libxml2 gives five pointers an attribute: name, prefix, namespace, value, the value's end. */
static void attribute_set(Reader *reader, Attribute *attribute, const xmlChar *const *given,
                          const Piece *piece)
{
    attribute->name = arena_text(reader->arena, (const char *)given[0]);
    attribute->value =
        arena_slice(reader->arena, (const char *)given[3], (size_t)(given[4] - given[3]));
    attribute->raw = piece->value;
    attribute->place = place_at(reader, piece->name, piece->name_length);
    attribute->value_place = place_at(reader, piece->value, piece->value_length);
    if (given[1])
        diag_error(reader->diag, attribute->place, "a graph knows no prefixes: '%s:%s'", given[1],
                   given[0]);
}

/* The attributes of the tag whose name ends at byte at. */
static void attributes_read(Reader *reader, Element *element, size_t at,
                            const xmlChar *const *given)
{
    Piece piece;
    for (size_t i = 0; tag_piece(reader->source, &at, &piece);) {
        const char *name = reader->source->text + piece.name;
        if (is_namespace(name, piece.name_length)) {
            if (reader->depth > 0 || piece.name_length > 5)
                diag_error(reader->diag, place_at(reader, piece.name, piece.name_length),
                           "a graph has one namespace, declared by xmlns on its root");
        } else if (i < element->attribute_count) {
            attribute_set(reader, &element->attributes[i], given + 5 * i, &piece);
            i++;
        }
    }
}

static void check_space(Reader *reader, const Element *element, const char *prefix,
                        const char *space)
{
    static const char help[] = "write <%s xmlns=\"" FORNIX_NAMESPACE "\">";
    Diag *diag = reader->diag;
    if (prefix)
        diag_error(diag, element->place, "a graph knows no prefixes: write <%s>", element->name);
    else if (element->parent && strcmp(space, reader->space) != 0)
        diag_error(diag, element->place, "'%s' is in another namespace than the root",
                   element->name);
    else if (!element->parent && strcmp(space, FORNIX_NAMESPACE) != 0)
        diag_error_help(diag, element->place, arena_format(reader->arena, help, element->name),
                        *space ? "'%s' is in the namespace '%s', which is not a graph's"
                               : "'%s' is in no namespace%s",
                        element->name, space);
}

static void link_child(Reader *reader, Element *element)
{
    Element *parent = reader->open;
    element->parent = parent;
    if (!parent)
        reader->root = element;
    else if (parent->last)
        parent->last->next = element;
    else
        parent->first = element;
    if (parent) {
        parent->last = element;
        parent->child_count++;
    }
    reader->open = element;
}

/* libxml2's own type for a start tag has nine arguments. */
static void on_start(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
                     int spaces, const xmlChar **declared, int count, int defaulted,
                     const xmlChar **given)
{
    Reader *reader = data;
    (void)spaces;
    (void)declared;
    if (reader->stopped)
        return;
    Element *element = arena_take(reader->arena, 1, sizeof *element);
    element->name = arena_text(reader->arena, (const char *)name);
    element->attribute_count = (size_t)(count - defaulted);
    element->attributes =
        arena_take(reader->arena, element->attribute_count, sizeof *element->attributes);
    link_child(reader, element);
    bool wrapper = reader->shift && !element->parent;
    element->place = reader->cursor;
    if (!wrapper) {
        size_t at = input_at(reader);
        while (at > 0 && reader->source->text[at] != '<')
            at--;
        size_t length = strcspn(reader->source->text + at + 1, " \t\r\n/>");
        element->place = place_at(reader, at + 1, length);
        attributes_read(reader, element, at + 1 + length, (const xmlChar *const *)given);
    }
    if (!element->parent)
        reader->space = arena_text(reader->arena, space ? (const char *)space : "");
    check_space(reader, element, (const char *)prefix, space ? (const char *)space : "");
    if (++reader->depth > MOST_DEPTH) {
        diag_error(reader->diag, element->place, "elements are nested more than %d deep",
                   MOST_DEPTH);
        stop(reader);
    } else if (++reader->elements > MOST_ELEMENTS) {
        diag_error(reader->diag, element->place, "more than %d elements in a file", MOST_ELEMENTS);
        stop(reader);
    }
}

static void on_end(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *space)
{
    Reader *reader = data;
    (void)name;
    (void)prefix;
    (void)space;
    if (reader->open && !reader->stopped) {
        reader->open = reader->open->parent;
        reader->depth--;
    }
}

/* Blanks between elements are layout; anything else was meant for something. */
static void on_text(void *data, const xmlChar *text, int length)
{
    Reader *reader = data;
    int blank = 0;
    while (blank < length && strchr(" \t\r\n", text[blank]))
        blank++;
    if (blank == length || reader->stopped || reader->strayed == reader->open)
        return;
    reader->strayed = reader->open;
    size_t end = input_at(reader), start = end - (size_t)(length - blank);
    bool plain = end >= (size_t)(length - blank) &&
                 memcmp(reader->source->text + start, text + blank, (size_t)(length - blank)) == 0;
    size_t shown = plain ? (size_t)(length - blank) : 1;
    diag_error(reader->diag, source_place(reader->source, plain ? start : end, shown),
               "text between elements: a graph is written in elements and attributes alone");
}

static void on_doctype(void *data, const xmlChar *name, const xmlChar *public,
                       const xmlChar *system)
{
    Reader *reader = data;
    (void)name;
    (void)public;
    (void)system;
    diag_error(reader->diag, source_place(reader->source, input_at(reader), 1),
               "a graph has no document type: leave out <!DOCTYPE ...>");
    stop(reader);
}

/* libxml2's message in the words of someone who writes a graph. */
static const char *fault_words(const Reader *reader, const xmlError *error)
{
    Arena *arena = reader->arena;
    const char *about = error->str1 ? error->str1 : "";
    const Element *open = reader->open;
    switch (error->code) {
    case XML_ERR_DOCUMENT_EMPTY: return "no XML: a graph begins with <graph ...>";
    case XML_ERR_TAG_NAME_MISMATCH:
        if (open && error->str2)
            return arena_format(arena, "</%s> where <%s> of line %d is open", error->str2,
                                open->name, open->place.line);
        break;
    case XML_ERR_TAG_NOT_FINISHED:
        if (open)
            return arena_format(arena, "the text ends inside <%s>, opened on line %d", open->name,
                                open->place.line);
        break;
    case XML_ERR_DOCUMENT_END: return "more after the end of the root element";
    case XML_ERR_ATTRIBUTE_REDEFINED:
        return arena_format(arena, "attribute '%s' is given twice", about);
    case XML_ERR_ATTRIBUTE_WITHOUT_VALUE:
        return arena_format(arena, "attribute '%s' has no value", about);
    case XML_ERR_ATTRIBUTE_NOT_STARTED: return "a value stands between quotes";
    case XML_ERR_ATTRIBUTE_NOT_FINISHED: return "a closing quote is missing";
    case XML_ERR_LT_IN_ATTRIBUTE: return "'<' in a value is written &lt; (is a quote missing?)";
    case XML_ERR_UNDECLARED_ENTITY:
    case XML_WAR_UNDECLARED_ENTITY:
        return arena_format(arena, "no entity '%s': there are lt, gt, amp, quot and apos", about);
    case XML_ERR_NAME_REQUIRED:
        if (reader->source->text[input_at(reader)] == '=')
            return "an attribute's name is missing before '='";
        /* fall through */
    case XML_ERR_ENTITYREF_SEMICOL_MISSING: return "'&' is written &amp; (a name is missing?)";
    default: break;
    }
    const char *message = error->message ? error->message : "unknown error";
    size_t length = strcspn(message, "\n");
    return arena_format(arena, "not well-formed XML: %.*s", (int)length, message);
}

#if LIBXML_VERSION >= 21200
static void on_fault(void *data, const xmlError *error)
#else
static void on_fault(void *data, xmlErrorPtr error)
#endif
{
    Reader *reader = data;
    if (reader->stopped || error->level != XML_ERR_FATAL)
        return; /* what is merely wrong with namespaces, check_space says better */
    size_t at = input_at(reader);
    if (error->code == XML_ERR_TAG_NAME_MISMATCH && at > 0) /* libxml2 has read that tag */
        do
            at--;
        while (at > 0 && reader->source->text[at] != '<');
    diag_error(reader->diag, source_place(reader->source, at, 1), "%s", fault_words(reader, error));
    reader->stopped = true; /* what follows the first fault is mostly its echo */
}

/* The encoding that an XML declaration states must be the one that was checked. */
static bool encoding_check(Reader *reader)
{
    const char *text = reader->source->text, *end = strstr(text, "?>");
    if (strncmp(text, "<?xml", 5) != 0 || !end)
        return true;
    const char *stated = strstr(text, "encoding");
    if (!stated || stated > end)
        return true;
    const char *value = stated + 8;
    value += strspn(value, " \t\r\n=\"'");
    size_t length = strcspn(value, "\"'");
    bool known = (length == 5 && strncasecmp(value, "utf-8", 5) == 0) ||
                 (length == 8 && strncasecmp(value, "us-ascii", 8) == 0);
    if (!known)
        diag_error(reader->diag, source_place(reader->source, (size_t)(value - text), length),
                   "a graph is UTF-8: save it so and declare encoding=\"UTF-8\"");
    return known;
}

static Element *parse(Reader *reader, const char *text, size_t length)
{
    reader->cursor = (Place){.source = reader->source, .line = 1, .column = 1, .length = 1};
    reader->context = xmlCreateMemoryParserCtxt(text, (int)length);
    if (!reader->context) { /* what libxml2 does for a text of no length */
        diag_error(reader->diag, reader->cursor, "no XML: a graph begins with <graph ...>");
        return NULL;
    }
    *reader->context->sax = (xmlSAXHandler){.initialized = XML_SAX2_MAGIC,
                                            .startElementNs = on_start,
                                            .endElementNs = on_end,
                                            .characters = on_text,
                                            .cdataBlock = on_text,
                                            .internalSubset = on_doctype,
                                            .serror = on_fault};
    reader->context->userData = reader;
    /* NOENT gives &amp; as '&' and not as a reference again; there are no other entities. */
    xmlCtxtUseOptions(reader->context, XML_PARSE_NONET | XML_PARSE_BIG_LINES | XML_PARSE_NOENT |
                                           XML_PARSE_IGNORE_ENC);
    xmlParseDocument(reader->context);
    xmlFreeParserCtxt(reader->context);
    return reader->stopped ? NULL : reader->root;
}

Element *xml_parse(const Source *source, Diag *diag, Arena *arena)
{
    Reader reader = {.source = source, .diag = diag, .arena = arena};
    return encoding_check(&reader) ? parse(&reader, source->text, source->length) : NULL;
}

Element *xml_parse_fragment(const char *name, const char *text, Diag *diag, Arena *arena)
{
    Reader reader = {.source = source_make(name, text, arena),
                     .diag = diag,
                     .arena = arena,
                     .shift = strlen(FRAGMENT_OPEN)};
    Text whole = {0};
    text_format(&whole, "%s%s%s", FRAGMENT_OPEN, text, FRAGMENT_CLOSE);
    Element *root = parse(&reader, whole.data, whole.length);
    text_free(&whole);
    return root;
}

const Attribute *element_attribute(const Element *element, const char *name)
{
    for (size_t i = 0; i < element->attribute_count; i++)
        if (strcmp(element->attributes[i].name, name) == 0)
            return &element->attributes[i];
    return NULL;
}

const char *element_value(const Element *element, const char *name)
{
    const Attribute *attribute = element_attribute(element, name);
    return attribute ? attribute->value : NULL;
}

/* Bytes that the character reference or plain byte at raw stands for; moves raw behind it. */
static size_t decode(const char **raw)
{
    const char *at = *raw;
    if (at[0] == '\r' && at[1] == '\n') {
        *raw += 2; /* XML reads a line's end of two bytes as one */
        return 1;
    }
    const char *end = *at == '&' ? strchr(at, ';') : NULL;
    if (!end) {
        *raw += 1;
        return 1;
    }
    *raw = end + 1;
    if (at[1] != '#')
        return 1;
    unsigned long code = strtoul(at + (at[2] == 'x' ? 3 : 2), NULL, at[2] == 'x' ? 16 : 10);
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

Place attribute_part(const Attribute *attribute, size_t offset, size_t length)
{
    Place place = attribute->value_place;
    const Attribute *origin = attribute->made ? attribute->origin : NULL;
    if (origin && strcmp(origin->value, attribute->value) == 0)
        return attribute_part(origin, offset, length);
    if (attribute->made || !place.source || !attribute->raw)
        return place;
    const char *start = place.source->text + attribute->raw, *raw = start;
    const char *end = strchr(start, start[-1]); /* the closing quote */
    size_t at = 0;
    while (at < offset && raw < end)
        at += decode(&raw);
    const char *stop = raw;
    while (at < offset + length && stop < end && *stop != '\n')
        at += decode(&stop);
    for (const char *c = start; c < raw; c++) {
        if (*c == '\n') {
            place.line++;
            place.column = 1;
        } else if (!continues(*c)) {
            place.column++;
        }
    }
    place.length = characters(raw, (size_t)(stop - raw));
    if (!place.length)
        place.length = 1;
    return place;
}

Place attribute_word(const Attribute *attribute, int64_t number)
{
    static const char blanks[] = " \t\r\n";
    const char *text = attribute->value;
    size_t at = strspn(text, blanks);
    for (; number > 0 && text[at]; number--) {
        at += strcspn(text + at, blanks);
        at += strspn(text + at, blanks);
    }
    return attribute_part(attribute, at, strcspn(text + at, blanks));
}
