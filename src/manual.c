/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Manual pages in the language of man(7): headings, paragraphs, terms with what they mean. */
#include "manual.h"

#include <ctype.h>
#include <string.h>

#include "describe.h"
#include "language.h"
#include "text.h"

/* ---- Words in roff ---- */

/* A '-' that is copied must be one, a line must not begin as a request does. */
static void put_text(FILE *out, const char *text)
{
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        start = *text == '\n';
        switch (*text) {
        case '\\': fputs("\\e", out); break;
        case '-': fputs("\\-", out); break;
        case '\'': fputs("\\(aq", out); break;
        case '`': fputs("\\(ga", out); break;
        case '^': fputs("\\(ha", out); break;
        case '~': fputs("\\(ti", out); break;
        default: fputc(*text, out);
        }
    }
}

/* Words in lines, with a request for each empty line. */
static void put_words(FILE *out, const char *text, const char *paragraph)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        Text line = {0};
        text_add_slice(&line, text + strspn(text, " "), length - strspn(text, " "));
        if (line.length) {
            put_text(out, text_value(&line));
            fputc('\n', out);
        } else {
            fprintf(out, "%s\n", paragraph);
        }
        text_free(&line);
        text += length + (text[length] == '\n');
    }
}

static void put_heading(FILE *out, const char *level, const char *title, bool capitals)
{
    fprintf(out, ".%s \"", level);
    for (; *title; title++)
        fputc(capitals ? toupper((unsigned char)*title) : *title, out);
    fputs("\"\n", out);
}

static void put_term(FILE *out, const char *term, const char *rest)
{
    fputs(".TP\n\\fB", out);
    put_text(out, term);
    fputs("\\fR", out);
    if (rest && *rest) {
        fputc(' ', out);
        put_text(out, rest);
    }
    fputc('\n', out);
}

static void put_code(FILE *out, const char *text)
{
    fputs(".PP\n.EX\n", out);
    put_text(out, text);
    fputs("\n.EE\n", out);
}

static void put_notes(FILE *out, const char *title, const Note *notes)
{
    put_heading(out, "SH", title, true);
    for (; notes->name; notes++) {
        put_term(out, notes->name, NULL);
        put_words(out, notes->doc, ".IP");
    }
}

static void put_head(FILE *out, const char *page, int section, const char *summary)
{
    fprintf(out, ".\\\" SPDX-License-Identifier: GPL-3.0-or-later\n");
    fprintf(out, ".TH %s %d \"\" \"fornix %s\"\n", page, section, PACKAGE_VERSION);
    fprintf(out, ".nh\n.ad l\n.SH NAME\n");
    put_text(out, page);
    fputs(" \\- ", out);
    put_text(out, summary);
    fputc('\n', out);
}

/* ---- fornix(1) ---- */

/* As the first command that takes the option calls what stands behind it. */
static void add_value(const Usage *usage, const Option *option, Text *value)
{
    for (const Command *c = usage->commands; c->name && !value->length; c++) {
        size_t length = 0;
        const char *at = usage_value(c, option->word, &length);
        text_add_slice(value, at ? at : "", length);
    }
}

static void put_program(FILE *out, const Usage *usage)
{
    put_head(out, "fornix", 1, usage->summary);
    put_heading(out, "SH", "Synopsis", true);
    for (const Command *c = usage->commands; c->name; c++) {
        fprintf(out, "%s\\fBfornix ", c == usage->commands ? "" : ".br\n");
        put_text(out, c->name);
        fputs("\\fR ", out);
        put_text(out, c->arguments);
        fputc('\n', out);
    }
    put_heading(out, "SH", "Commands", true);
    for (const Command *c = usage->commands; c->name; c++) {
        put_term(out, c->name, c->arguments);
        put_words(out, c->doc, ".IP");
    }
    put_heading(out, "SH", "Options", true);
    for (const Option *option = usage->options; option->word; option++) {
        Text of = {0}; /* the commands */
        for (const Command *c = usage->commands; c->name; c++)
            if (usage_takes(c, option->word))
                text_format(&of, "%s%s", of.length ? ", " : "of ", c->name);
        Text value = {0};
        add_value(usage, option, &value);
        put_term(out, option->word, text_value(&value));
        text_free(&value);
        put_words(out, option->doc ? option->doc : "", ".IP");
        fputc('(', out);
        put_text(out, text_value(&of));
        fputs(")\n", out);
        text_free(&of);
    }
    put_notes(out, "Exit status", usage->codes);
    put_notes(out, "Environment", usage->variables);
    fputs(".SH \"SEE ALSO\"\n.BR fornix\\-graph (5)\n", out);
}

/* ---- fornix-graph(5) ---- */

static void put_element(FILE *out, const FornixNode *node)
{
    Text name = {0};
    text_format(&name, "<%s>", node->name);
    put_heading(out, "SS", text_value(&name), false);
    text_free(&name);
    put_words(out, node->doc, ".PP");
    const FornixPort *const ports[] = {node->inputs, node->outputs};
    for (int side = 0; side < 2; side++)
        for (const FornixPort *port = ports[side]; port && port->name; port++) {
            Text words = {0};
            text_add(&words, side ? "(output) " : "(input) ");
            describe_port(port, &words);
            put_term(out, port->name, text_value(&words));
            put_words(out, port->doc, ".IP");
            text_free(&words);
        }
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++) {
        Text words = {0};
        describe_attr(attr, &words);
        put_term(out, attr->name, text_value(&words));
        put_words(out, attr->doc, ".IP");
        text_free(&words);
    }
}

static void put_language(FILE *out)
{
    put_head(out, "fornix-graph", 5, "experiments as dataflow graphs in XML");
    for (const LanguageSection *section = language_sections; section->title; section++) {
        put_heading(out, "SH", section->title, true);
        for (const LanguageEntry *entry = section->entries; entry->doc; entry++) {
            if (entry->form)
                put_term(out, entry->form, NULL);
            else
                fputs(".PP\n", out);
            put_words(out, entry->doc, entry->form ? ".IP" : ".PP");
        }
    }
    put_heading(out, "SH", "Elements", true);
    for (const LanguageWord *word = language_words; word->node; word++)
        put_element(out, word->node);
    put_heading(out, "SH", "Nodes", true);
    put_words(out,
              "All other elements are nodes. These commands name them, and tell all about one "
              "or, as pages for a browser, about all:",
              ".PP");
    put_code(out, "fornix list\nfornix describe NODE\nfornix describe --html -o FOLDER");
    fputs(".SH \"SEE ALSO\"\n.BR fornix (1)\n", out);
}

bool manual_write(FILE *out, const char *page, const Usage *usage)
{
    if (strcmp(page, "fornix") == 0)
        put_program(out, usage);
    else if (strcmp(page, "fornix-graph") == 0)
        put_language(out);
    else
        return false;
    return true;
}

/* ---- Help on the terminal ---- */

static void help_command(FILE *out, const Command *command)
{
    fprintf(out, "  fornix %s %s\n      %s\n", command->name, command->arguments, command->doc);
}

void manual_help(FILE *out, const Usage *usage)
{
    fprintf(out, "fornix: %s\n\n", usage->summary);
    for (const Command *c = usage->commands; c->name; c++)
        help_command(out, c);
}

void manual_command(FILE *out, const Usage *usage, const Command *command)
{
    help_command(out, command);
    for (const Option *option = usage->options; option->word; option++) {
        size_t length = 0;
        if (!usage_takes(command, option->word))
            continue;
        const char *value = usage_value(command, option->word, &length);
        fprintf(out, "\n  %s%s%.*s\n      %s\n", option->word, value ? " " : "", (int)length,
                value ? value : "", option->doc ? option->doc : "");
    }
}
