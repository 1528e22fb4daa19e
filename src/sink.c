/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink.h"

#include <ctype.h>
#include <string.h>

#include "base.h"
#include "file.h"
#include "text.h"

static void name_add(Text *path, const char *name, bool folders)
{
    bool first = true;
    for (const char *at = name; *at; at++) {
        bool plain = isalnum((unsigned char)*at) || *at == '-' || *at == '_' ||
                     (*at == '.' && !first) || (*at == '/' && folders && !first);
        if (plain)
            text_add_slice(path, at, 1);
        else if (*at == ' ')
            text_add(path, "_");
        else
            text_format(path, "%%%02X", (unsigned)(unsigned char)*at);
        first = *at == '/';
    }
}

char *sink_path(const char *folder, const FornixRow *row, const char *name, const char *suffix,
                FornixError *error)
{
    Text path = {0};
    text_format(&path, "%s/", folder);
    name_add(&path, row->subject, true);
    if (*name) {
        text_add(&path, "-");
        name_add(&path, name, false);
    }
    text_add(&path, suffix);
    char *above = file_folder(text_value(&path));
    char *made = file_make_folders(above, error) ? mem_text(text_value(&path)) : NULL;
    mem_free(above);
    text_free(&path);
    return made;
}

bool sink_is_picture(const FornixSpace *space)
{
    return !(space->spacing[0] > 0);
}

void sink_classes(const float *in, int64_t pixels, const FornixColumn *column, float *out)
{
    int64_t channels = column->shape.c;
    float even = column->kind & FORNIX_LOGITS ? 0 : .5f;
    for (int64_t i = 0; i < pixels; i++) {
        const float *x = in + i * channels;
        int64_t best = 0;
        if (column->kind & FORNIX_MASK) {
            out[i] = x[0];
            continue;
        }
        for (int64_t c = 1; c < channels; c++)
            best = x[c] > x[best] ? c : best;
        out[i] = (float)(channels == 1 ? x[0] > even : best);
    }
}
