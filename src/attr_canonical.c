/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attributes of a node in one spelling for all equal meanings. */
#include <string.h>

#include "attr.h"

static void add_escaped(Text *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\"&<", *text) || (unsigned char)*text < ' ')
            text_format(out, "&#%d;", (unsigned char)*text);
        else
            text_add_slice(out, text, 1);
    }
}

static void add_dims(Text *out, const FornixDims *dims)
{
    for (int i = dims->count == 1 ? 2 : 3 - dims->count; i < 3; i++)
        text_format(out, "%lld%s", (long long)dims->size[i], i < 2 ? " " : "");
}

static void add_list(Text *out, const FornixList *list)
{
    for (int64_t i = 0; i < list->count; i++) {
        text_add(out, i ? " " : "");
        add_escaped(out, list->items[i]);
    }
}

static void add_written(Text *out, const FornixAttr *attr, const Element *element)
{
    const char *given = element_value(element, attr->name);
    add_escaped(out, given ? given : attr->fallback);
}

void attr_canonical(const FornixNode *node, const Element *element, const void *values, Text *out)
{
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++) {
        const void *field = (const char *)values + attr->offset;
        text_format(out, "%s%s=\"", attr == node->attrs ? "" : " ", attr->name);
        switch (attr->kind) {
        case FORNIX_ATTR_INT: text_format(out, "%lld", (long long)*(const int64_t *)field); break;
        case FORNIX_ATTR_REAL: text_add_real(out, *(const double *)field); break;
        case FORNIX_ATTR_BOOL: text_add(out, *(const bool *)field ? "yes" : "no"); break;
        case FORNIX_ATTR_CHOICE: text_add(out, attr->choices[*(const int *)field]); break;
        case FORNIX_ATTR_DIMS: add_dims(out, field); break;
        case FORNIX_ATTR_LIST: add_list(out, field); break;
        default: add_written(out, attr, element); break;
        }
        text_add(out, "\"");
    }
}
