/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nodes as a site: what the terminal shows, with pictures of the examples and links.
 *
 * All pictures are drawn in one go: starting Graphviz takes longer than a layout.
 */
#include <string.h>

#include "describe.h"
#include "file.h"
#include "html.h"
#include "language.h"
#include "show.h"

typedef struct Entry {
    const FornixNode *node;
    const char *svg; /* NULL: no picture */
    size_t svg_length;
    bool drawn; /* there is a picture of it among all */
} Entry;

typedef struct Site {
    const char *folder;
    Registry *registry;
    Entry *entries;
    int count, elements; /* the language's own elements come first */
    Text pictures;
} Site;

static const char style[] =
    "body { max-width: 52rem }\n"
    "nav { color: var(--quiet); font-size: .9rem }\n"
    "h1 { margin: .4rem 0 .2rem; font-family: ui-monospace, monospace; font-size: 1.7rem }\n"
    "h2 { margin-top: 2.2rem; font-size: 1.15rem; border-bottom: 1px solid var(--line) }\n"
    "dl.index { display: grid; grid-template-columns: 13rem 1fr; gap: .25rem 1rem }\n"
    "dt { font-family: ui-monospace, monospace; font-size: .92rem; overflow-wrap: anywhere }\n"
    "dt .quiet { font-family: system-ui, sans-serif }\n"
    "dd { margin: 0 0 .7rem 1.4rem } dl.index dd { margin: 0 }\n"
    "pre.formula { white-space: pre-wrap; border-left: 3px solid var(--line) }\n"
    "figure svg { max-width: 100%; height: auto }\n"
    "@media (max-width: 40rem) { dl.index { display: block } dl.index dd { margin: 0 0 .7rem } }\n";

/* ---- Words ---- */

static bool has_page(const Site *site, const char *name, size_t length)
{
    for (int k = 0; k < site->count; k++)
        if (strlen(site->entries[k].node->name) == length &&
            strncmp(site->entries[k].node->name, name, length) == 0)
            return true;
    return false;
}

static void add_slice(Text *page, const char *text, size_t length)
{
    Text part = {0};
    text_add_slice(&part, text, length);
    text_add_html(page, text_value(&part));
    text_free(&part);
}

/* Text in which "<conv" leads to the page of conv. */
static void add_linked(Text *page, const Site *site, const char *text)
{
    const char *tag;
    while ((tag = strchr(text, '<'))) {
        size_t length = strspn(tag + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
        add_slice(page, text, (size_t)(tag - text));
        text_add(page, "&lt;");
        if (length && has_page(site, tag + 1, length)) {
            text_format(page, "<a href=\"%.*s.html\">%.*s</a>", (int)length, tag + 1, (int)length,
                        tag + 1);
            text = tag + 1 + length;
        } else {
            text = tag + 1;
        }
    }
    text_add_html(page, text);
}

static void add_paragraphs(Text *page, const Site *site, const char *text)
{
    const char *gap;
    do {
        gap = strstr(text, "\n\n");
        Text part = {0};
        text_add_slice(&part, text, gap ? (size_t)(gap - text) : strlen(text));
        text_add(page, "<p>");
        add_linked(page, site, text_value(&part));
        text_add(page, "</p>\n");
        text_free(&part);
        text = gap ? gap + 2 : text;
    } while (gap);
}

static void add_head(Text *page, const char *title)
{
    html_begin(page, title, style);
    text_add(page, "<nav><a href=\"index.html\">fornix: nodes</a> &middot; "
                   "<a href=\"language.html\">the language of graphs</a></nav>\n");
}

static bool write_page(const Site *site, const char *name, Text *page, FornixError *error)
{
    html_end(page);
    Text path = {0};
    text_format(&path, "%s/%s.html", site->folder, name);
    bool fine = file_write(text_value(&path), text_value(page), page->length, error);
    text_free(&path);
    text_free(page);
    return fine;
}

/* ---- A node ---- */

static void add_term(Text *page, const char *id, const char *name, const Text *words)
{
    text_format(page, "<dt id=\"%s-%s\">", id, name);
    text_add_html(page, name);
    text_add(page, " <span class=\"quiet\">");
    text_add_html(page, text_value(words));
    text_add(page, "</span></dt>\n<dd>");
}

static void add_ports(Text *page, const Site *site, const char *title, const FornixPort *ports)
{
    if (!ports || !ports->name)
        return;
    text_format(page, "<h2>%s</h2>\n<dl>\n", title);
    for (const FornixPort *port = ports; port->name; port++) {
        Text words = {0};
        describe_port(port, &words);
        add_term(page, title, port->name, &words);
        add_linked(page, site, port->doc);
        text_add(page, "</dd>\n");
        text_free(&words);
    }
    text_add(page, "</dl>\n");
}

static void add_attrs(Text *page, const Site *site, const FornixAttr *attrs)
{
    if (!attrs || !attrs->name)
        return;
    text_add(page, "<h2>Attributes</h2>\n<dl>\n");
    for (const FornixAttr *attr = attrs; attr->name; attr++) {
        Text words = {0};
        describe_attr(attr, &words);
        add_term(page, "attribute", attr->name, &words);
        add_linked(page, site, attr->doc);
        text_add(page, "</dd>\n");
        text_free(&words);
    }
    text_add(page, "</dl>\n");
}

static bool write_node(const Site *site, const Entry *entry, FornixError *error)
{
    const FornixNode *node = entry->node;
    bool element = entry - site->entries < site->elements;
    Text page = {0};
    add_head(&page, node->name);
    text_add(&page, "<h1>&lt;");
    text_add_html(&page, node->name);
    text_format(&page, "&gt;</h1>\n<div class=\"quiet\">%s</div>\n",
                element ? "element of the language" : family_name(descriptor_family(node)));
    add_paragraphs(&page, site, node->doc);
    if (node->formula) {
        text_add(&page, "<pre class=\"formula\">");
        text_add_html(&page, node->formula);
        text_add(&page, "</pre>\n");
    }
    add_ports(&page, site, "Inputs", node->inputs);
    add_ports(&page, site, "Outputs", node->outputs);
    add_attrs(&page, site, node->attrs);
    if (node->example) {
        Text lines = {0};
        describe_example(node->example, &lines);
        text_add(&page, "<h2>Example</h2>\n<pre>");
        add_linked(&page, site, text_value(&lines));
        text_add(&page, "</pre>\n");
        text_free(&lines);
    }
    if (entry->svg) {
        text_add(&page, "<figure>");
        text_add_slice(&page, entry->svg, entry->svg_length);
        text_add(&page, "</figure>\n");
    }
    return write_page(site, node->name, &page, error);
}

/* ---- Pictures ---- */

static Drawing *draw_layer(const Site *site, const FornixNode *node)
{
    Example example;
    FornixError error = {0};
    bool fine = example_read(&example, node->name, node->example, &error) &&
                example_open(&example, site->registry, &(ExampleSetting){0}, &error);
    Drawing *drawing = fine ? show_example(&example, node->name) : NULL;
    example_close(&example);
    return drawing;
}

static Drawing *draw_element(const FornixNode *node)
{
    Arena *memory = arena_new();
    Diag *diag = diag_new();
    const Element *fragment = expand_fragment("<example>", node->example, diag, memory);
    const Element *first = fragment ? fragment->first : NULL;
    Drawing *drawing =
        first && !strcmp(first->name, node->name) ? show_ports(node, first, node->name) : NULL;
    diag_free(diag);
    arena_free(memory);
    return drawing;
}

/* Nodes without an example or without ports have no picture. */
static void draw_all(Site *site, FornixError *error)
{
    Text dot = {0};
    for (int k = 0; k < site->count; k++) {
        Entry *entry = &site->entries[k];
        const FornixNode *node = entry->node;
        Drawing *drawing = NULL;
        if (node->example && (node->layer || node->composite))
            drawing = draw_layer(site, node);
        else if (node->example && node->samples)
            drawing = draw_element(node);
        if (drawing)
            drawing_write(drawing, &dot);
        entry->drawn = drawing != NULL;
        drawing_free(drawing);
    }
    const char *at = NULL;
    if (dot.length && drawing_render(&dot, "svg", &site->pictures, error))
        at = text_value(&site->pictures);
    for (int k = 0; at && k < site->count; k++) {
        const char *start = site->entries[k].drawn ? strstr(at, "<svg") : NULL;
        const char *end = start ? strstr(start, "</svg>") : NULL;
        if (!end)
            continue;
        at = end + strlen("</svg>");
        site->entries[k].svg = start;
        site->entries[k].svg_length = (size_t)(at - start);
    }
    text_free(&dot);
}

/* ---- The index and the language ---- */

static void add_index_entry(Text *page, const FornixNode *node)
{
    Text sentence = {0};
    describe_sentence(node->doc, &sentence);
    text_format(page, "<dt><a href=\"%s.html\">%s</a></dt><dd>", node->name, node->name);
    text_add_html(page, text_value(&sentence));
    text_add(page, "</dd>\n");
    text_free(&sentence);
}

static bool write_index(const Site *site, FornixError *error)
{
    Text page = {0};
    add_head(&page, "fornix: nodes");
    text_format(&page,
                "<h1>nodes</h1>\n<p>%d kinds of node, each an XML element, and %d elements "
                "of the language itself. <code>fornix describe NODE</code> says the same in "
                "a terminal.</p>\n",
                site->count - site->elements, site->elements);
    text_add(&page, "<h2>Elements of the language</h2>\n<dl class=\"index\">\n");
    for (int k = 0; k < site->elements; k++)
        add_index_entry(&page, site->entries[k].node);
    text_add(&page, "</dl>\n");
    for (int family = 0; family < FAMILIES; family++) {
        text_add(&page, "<h2>");
        text_add_html(&page, describe_family((Family)family));
        text_add(&page, "</h2>\n<dl class=\"index\">\n");
        for (int k = site->elements; k < site->count; k++)
            if (descriptor_family(site->entries[k].node) == (Family)family)
                add_index_entry(&page, site->entries[k].node);
        text_add(&page, "</dl>\n");
    }
    return write_page(site, "index", &page, error);
}

static bool write_language(const Site *site, FornixError *error)
{
    Text page = {0};
    add_head(&page, "fornix: the language of graphs");
    text_add(&page, "<h1>the language of graphs</h1>\n");
    for (const LanguageSection *section = language_sections; section->title; section++) {
        text_add(&page, "<h2>");
        text_add_html(&page, section->title);
        text_add(&page, "</h2>\n");
        for (const LanguageEntry *entry = section->entries; entry->doc; entry++) {
            if (entry->form) {
                text_add(&page, "<pre>");
                add_linked(&page, site, entry->form);
                text_add(&page, "</pre>\n");
            }
            add_paragraphs(&page, site, entry->doc);
        }
    }
    return write_page(site, "language", &page, error);
}

static void find_entries(Site *site)
{
    size_t names;
    const char *const *name = registry_names(site->registry, &names);
    while (language_words[site->elements].node)
        site->elements++;
    site->entries = mem_new(names + (size_t)site->elements, sizeof *site->entries);
    for (; site->count < site->elements; site->count++)
        site->entries[site->count].node = language_words[site->count].node;
    for (size_t k = 0; k < names; k++) {
        const Plugin *plugin = registry_find(site->registry, name[k]);
        if (plugin)
            site->entries[site->count++].node = plugin->node;
    }
}

bool describe_site(const char *folder, Registry *registry, FornixError *error)
{
    Site site = {.folder = folder, .registry = registry};
    FornixError missing = {0};
    find_entries(&site);
    draw_all(&site, &missing);
    bool fine = file_make_folders(folder, error) && write_index(&site, error) &&
                write_language(&site, error);
    for (int k = 0; fine && k < site.count; k++)
        fine = write_node(&site, &site.entries[k], error);
    if (fine && missing.text[0])
        fornix_fail(error, "the pages have no pictures: %s", missing.text);
    mem_free(site.entries);
    text_free(&site.pictures);
    return fine;
}
