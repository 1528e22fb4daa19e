/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "statistics.h"

/* What a page may do is told to the browser, too: a file or script from anywhere is refused.
 * The palette: drawing_render.c changes the colours of pictures to those of the dark one. */
static const char common[] =
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
    " style-src 'unsafe-inline'; img-src data:\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    ":root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --quiet: #5b6570;\n"
    "  --line: #d9dee4; --link: #0b6aa2; --code: #f4f5f7; --red: #b3261e }\n"
    "@media (prefers-color-scheme: dark) { :root { --paper: #15181d; --ink: #e6e9ee;\n"
    "  --quiet: #a0abb8; --line: #333a43; --link: #6bb8e8; --code: #1e2329; --red: #ff8a80 } }\n"
    "@media print { :root { color-scheme: light; --paper: #fff; --ink: #1b1f24;\n"
    "  --quiet: #5b6570; --line: #d9dee4; --link: #0b6aa2; --code: #f4f5f7; --red: #b3261e } }\n"
    "body { font: 16px/1.55 system-ui, sans-serif; margin: 2rem auto; padding: 0 1.2rem;\n"
    "  background: var(--paper); color: var(--ink) }\n"
    "a { color: var(--link); text-decoration: none }\n"
    "a:hover { text-decoration: underline }\n"
    ".quiet { color: var(--quiet) }\n"
    "figure { margin: 1rem 0; overflow-x: auto }\n"
    "pre { font: 13.5px/1.5 ui-monospace, monospace; background: var(--code);\n"
    "  padding: .7rem .9rem; border-radius: 6px; overflow-x: auto }\n";

void html_begin(Text *page, const char *title, const char *style)
{
    text_add(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
    text_add(page, common);
    text_add(page, style);
    html_add(page, "</style>\n<title>", title, "</title>\n</head>\n<body>\n");
}

void html_end(Text *page)
{
    text_add(page, "</body>\n</html>\n");
}

void html_add(Text *page, const char *before, const char *text, const char *after)
{
    text_add(page, before);
    text_add_html(page, text ? text : "");
    text_add(page, after);
}

static void add_base64(Text *page, const unsigned char *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t k = 0; k < length; k += 3) {
        size_t left = length - k;
        unsigned three = (unsigned)bytes[k] << 16 | (left > 1 ? (unsigned)bytes[k + 1] << 8 : 0) |
                         (left > 2 ? bytes[k + 2] : 0);
        char four[4] = {digits[three >> 18], digits[three >> 12 & 63],
                        left > 1 ? digits[three >> 6 & 63] : '=',
                        left > 2 ? digits[three & 63] : '='};
        text_add_slice(page, four, sizeof four);
    }
}

void html_png(Text *page, const void *png, size_t length, const char *words)
{
    html_add(page, "<img alt=\"", words, "\" src=\"data:image/png;base64,");
    add_base64(page, png, length);
    text_add(page, "\">");
}

/* ---- Numbers ----------------------------------------------------------------------------- */

void html_figure(Text *page, double value)
{
    char text[FIGURE_TEXT];
    if (isnan(value)) {
        text_add(page, "–");
        return;
    }
    figure_text(value, text);
    text_add(page, *text == '-' ? "−" : "");
    text_add(page, text + (*text == '-'));
}

void html_interval(Text *page, double value, double low, double high)
{
    html_figure(page, value);
    if (isnan(low) || isnan(high))
        return;
    text_add(page, " <span class=\"quiet\">[");
    html_figure(page, low);
    text_add(page, ", ");
    html_figure(page, high);
    text_add(page, "]</span>");
}

void html_seconds(Text *page, double seconds)
{
    if (!(seconds >= 0))
        text_add(page, "–");
    else if (seconds < 0.9995)
        text_format(page, "%.0f ms", 1e3 * seconds);
    else if (seconds < 99.95)
        text_format(page, "%.1f s", seconds);
    else if (seconds < 3599.5)
        text_format(page, "%d min %02d s", (int)(seconds + 0.5) / 60, (int)(seconds + 0.5) % 60);
    else if (seconds < 1e9)
        text_format(page, "%d h %02d min", (int)(seconds / 60 + 0.5) / 60,
                    (int)(seconds / 60 + 0.5) % 60);
    else
        text_format(page, "%.3g s", seconds);
}

void html_bytes(Text *page, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        unit++;
    }
    text_format(page,
                bytes < 9.995 && unit   ? "%.2f %s"
                : bytes < 99.95 && unit ? "%.1f %s"
                                        : "%.0f %s",
                bytes, units[unit]);
}

void html_count(Text *page, double count)
{
    char digits[40];
    if (!(fabs(count) < 1e15) || count != floor(count)) {
        html_figure(page, count);
        return;
    }
    snprintf(digits, sizeof digits, "%.0f", fabs(count));
    size_t length = strlen(digits);
    text_add(page, count < 0 ? "−" : "");
    for (size_t k = 0; k < length; k++) {
        text_add(page, k && (length - k) % 3 == 0 && length > 4 ? " " : "");
        text_add_slice(page, digits + k, 1);
    }
}
