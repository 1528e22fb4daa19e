/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "describe.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attr.h"
#include "language.h"

/* Narrower columns are not worth a break, wider lines are hard to read. */
enum { NARROWEST = 40, USUAL = 80, WIDEST = 100, MARGIN = 2, LONGEST_NAME = 24 };

typedef struct {
    FILE *out;
    int width, column;
} Page;

static Page page_open(FILE *out)
{
    Page page = {.out = out, .width = USUAL};
    struct winsize size;
    int file = fileno(out);
    if (file >= 0 && isatty(file) && ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col)
        page.width = size.ws_col;
    if (page.width > WIDEST)
        page.width = WIDEST;
    if (page.width < NARROWEST)
        page.width = NARROWEST;
    return page;
}

static int characters(const char *text, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static void put(Page *page, const char *text, size_t length)
{
    fwrite(text, 1, length, page->out);
    page->column += characters(text, length);
}

static void end_line(Page *page)
{
    fputc('\n', page->out);
    page->column = 0;
}

static void move_to(Page *page, int column)
{
    if (page->column > column)
        end_line(page);
    while (page->column < column)
        put(page, " ", 1);
}

/* Words from `indent` on, broken at the width; ends the line. An empty line parts paragraphs. */
static void put_words(Page *page, int indent, const char *text)
{
    static const char blanks[] = " \t\n";
    move_to(page, indent);
    while (*(text += strspn(text, blanks))) {
        size_t length = strcspn(text, blanks);
        int wide = characters(text, length);
        if (page->column > indent && page->column + 1 + wide > page->width)
            end_line(page);
        if (page->column > indent)
            put(page, " ", 1);
        else
            move_to(page, indent);
        put(page, text, length);
        text += length;
        const char *next = text + strspn(text, blanks);
        const char *line = strchr(text, '\n');
        if (*next && line && line < next && memchr(line + 1, '\n', (size_t)(next - line - 1))) {
            end_line(page);
            end_line(page);
            move_to(page, indent);
        }
    }
    end_line(page);
}

/* Lines as they stand; those that are too long are broken where that can't change their sense. */
static void put_lines(Page *page, int indent, const char *text, bool breakable)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (breakable && indent + characters(text, length) > page->width) {
            Text line = {0};
            text_add_slice(&line, text, length);
            put_words(page, indent, text_value(&line));
            text_free(&line);
        } else {
            move_to(page, length ? indent : 0);
            put(page, text, length);
            end_line(page);
        }
        text += length + (text[length] == '\n');
    }
}

static void put_title(Page *page, const char *title)
{
    end_line(page);
    put(page, title, strlen(title));
    end_line(page);
}

/* A name in the margin, words beside it from `indent` on. */
static void put_entry(Page *page, int indent, const char *name, const char *words)
{
    move_to(page, MARGIN);
    put(page, name, strlen(name));
    put(page, " ", 1);
    put_words(page, indent, words);
}

static int wider(int width, const char *name)
{
    int wide = characters(name, strlen(name)) + 2 * MARGIN;
    if (wide > LONGEST_NAME + 2 * MARGIN)
        return width;
    return wide > width ? wide : width;
}

/* ---- One node ----------------------------------------------------------------------------- */

void describe_port(const FornixPort *port, Text *words)
{
    if (port->kinds)
        descriptor_kinds(port->kinds, words);
    else
        text_add(words, "as the first input");
    if (port->flags & FORNIX_MANY)
        text_add(words, "; one or more");
    if (port->flags & FORNIX_OPTIONAL)
        text_add(words, "; may be left out");
}

static void put_ports(Page *page, int indent, const char *title, const FornixPort *ports)
{
    if (!ports || !ports->name)
        return;
    put_title(page, title);
    for (const FornixPort *port = ports; port->name; port++) {
        Text words = {0};
        describe_port(port, &words);
        put_entry(page, indent, port->name, text_value(&words));
        put_words(page, indent, port->doc);
        text_free(&words);
    }
}

void describe_attr(const FornixAttr *attr, Text *words)
{
    if (attr->kind == FORNIX_ATTR_CHOICE) {
        for (const char *const *choice = attr->choices; *choice; choice++)
            text_format(words, "%s%s", choice == attr->choices ? "" : " | ", *choice);
    } else {
        Text range = {0};
        attr_range(attr, &range);
        text_add(words, attr_kind_name(attr->kind));
        if (range.length)
            text_format(words, ", %s", text_value(&range));
        text_free(&range);
    }
    if (!attr->fallback)
        text_add(words, "; required");
    else if (*attr->fallback)
        text_format(words, "; default %s", attr->fallback);
    else
        text_add(words, "; may be left out");
}

static void put_attrs(Page *page, int indent, const FornixAttr *attrs)
{
    if (!attrs || !attrs->name)
        return;
    put_title(page, "Attributes");
    for (const FornixAttr *attr = attrs; attr->name; attr++) {
        Text words = {0};
        describe_attr(attr, &words);
        put_entry(page, indent, attr->name, text_value(&words));
        put_words(page, indent, attr->doc);
        text_free(&words);
    }
}

/* Of "SHAPES | <element/>", which the tests read too, what a user would write. */
void describe_example(const char *example, Text *lines)
{
    if (*example == '<') {
        text_format(lines, "%s\n", example);
        return;
    }
    while (*example) {
        size_t length = strcspn(example, "\n");
        const char *bar = memchr(example, '|', length);
        const char *from = bar ? bar + 1 + strspn(bar + 1, " ") : example;
        text_add_slice(lines, from, length - (size_t)(from - example));
        text_add(lines, "\n");
        example += length + (example[length] == '\n');
    }
}

void describe_node(FILE *out, const FornixNode *node)
{
    Page page = page_open(out);
    int indent = 0;
    for (const FornixPort *port = node->inputs; port && port->name; port++)
        indent = wider(indent, port->name);
    for (const FornixPort *port = node->outputs; port && port->name; port++)
        indent = wider(indent, port->name);
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
        indent = wider(indent, attr->name);
    bool works =
        node->layer || node->composite || node->samples || node->optimizer || node->schedule;
    fprintf(out, "<%s>, %s\n\n", node->name,
            works ? family_name(descriptor_family(node)) : "part of the language");
    put_words(&page, MARGIN, node->doc);
    if (node->formula) {
        end_line(&page);
        put_lines(&page, 2 * MARGIN, node->formula, true);
    }
    put_ports(&page, indent, "Inputs", node->inputs);
    put_ports(&page, indent, "Outputs", node->outputs);
    put_attrs(&page, indent, node->attrs);
    if (node->example) {
        Text lines = {0};
        describe_example(node->example, &lines);
        put_title(&page, "Example");
        put_lines(&page, MARGIN, text_value(&lines), false);
        text_free(&lines);
    }
}

/* ---- The language ------------------------------------------------------------------------- */

void describe_language(FILE *out)
{
    Page page = page_open(out);
    for (const LanguageSection *section = language_sections; section->title; section++) {
        put_title(&page, section->title);
        for (const LanguageEntry *entry = section->entries; entry->doc; entry++) {
            end_line(&page);
            if (entry->form)
                put_lines(&page, MARGIN, entry->form, false);
            put_words(&page, entry->form ? 3 * MARGIN : MARGIN, entry->doc);
        }
    }
    put_title(&page, "Elements");
    for (const LanguageWord *word = language_words; word->node; word++)
        put_entry(&page, 6 * MARGIN, word->node->name, word->node->doc);
    put_title(&page, "`fornix describe train` tells all about one; `fornix list` names the nodes.");
}

/* ---- All nodes ---------------------------------------------------------------------------- */

/* Up to the first full stop that ends a word, or of a long sentence up to its colon. */
void describe_sentence(const char *doc, Text *words)
{
    enum { LONG = 100 };
    size_t length = 0, colon = 0;
    while (doc[length] && !(doc[length] == '.' && strchr(" \n", doc[length + 1]))) {
        if (!colon && doc[length] == ':' && doc[length + 1] == ' ')
            colon = length;
        length++;
    }
    bool shorter = length > LONG && colon;
    text_add_slice(words, doc, shorter ? colon : length);
    text_add(words, ".");
}

const char *describe_family(Family family)
{
    static const char *const titles[FAMILIES] = {
        "Layers: tensors in, tensors out", "Composites: stand for several layers",
        "Samples: tables in, a table out", "Optimizers: in <update>", "Schedules: in an optimizer"};
    return titles[family];
}

static void put_family(Page *page, int indent, Registry *registry, Family family)
{
    size_t count;
    const char *const *names = registry_names(registry, &count);
    bool titled = false;
    for (size_t i = 0; i < count; i++) {
        const Plugin *plugin = registry_find(registry, names[i]);
        if (!plugin || descriptor_family(plugin->node) != family)
            continue;
        if (!titled)
            put_title(page, describe_family(family));
        titled = true;
        Text sentence = {0};
        describe_sentence(plugin->node->doc, &sentence);
        put_entry(page, indent, names[i], text_value(&sentence));
        text_free(&sentence);
    }
}

static void put_broken(Page *page, int indent, Registry *registry)
{
    size_t count;
    const char *const *names = registry_names(registry, &count);
    bool titled = false;
    for (size_t i = 0; i < count; i++) {
        FornixError error = {0};
        if (registry_find(registry, names[i]))
            continue;
        if (!titled)
            put_title(page, "These do not load");
        titled = true;
        registry_fail(registry, names[i], &error);
        put_entry(page, indent, names[i], error.text);
    }
}

void describe_list(FILE *out, Registry *registry)
{
    Page page = page_open(out);
    size_t count;
    const char *const *names = registry_names(registry, &count);
    int indent = 0;
    for (size_t i = 0; i < count; i++)
        indent = wider(indent, names[i]);
    fprintf(out, "%zu nodes; `fornix describe NODE` tells all about one.\n", count);
    for (int family = 0; family < FAMILIES; family++)
        put_family(&page, indent, registry, (Family)family);
    put_broken(&page, indent, registry);
}
