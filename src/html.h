/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fornix's pages have in common: head, palette, escaping, and how numbers are written.
 *
 * A page needs nothing but itself: no script, no font, no picture from elsewhere. It follows the
 * reader's choice of light or dark; paper is always light.
 */
#ifndef FORNIX_HTML_H
#define FORNIX_HTML_H

#include "text.h"

/* Up to <body>; style: what the page adds to the common one. */
void html_begin(Text *page, const char *title, const char *style);
void html_end(Text *page);

/* before and after are markup, text is not; NULL is "". */
void html_add(Text *page, const char *before, const char *text, const char *after);

/* A picture that is part of the page; words: for those who cannot see it. */
void html_png(Text *page, const void *png, size_t length, const char *words);

/* ".471", "−.020", "12.3"; "–" where it is undefined. */
void html_figure(Text *page, double value);
/* ".471 [.350, .602]"; the value alone where the ends are undefined. */
void html_interval(Text *page, double value, double low, double high);
void html_seconds(Text *page, double seconds); /* "12 ms", "34.5 s", "7 min 12 s", "3 h 05 min" */
void html_bytes(Text *page, double bytes);     /* "512 kB", "1.02 GB" */
void html_count(Text *page, double count);     /* "12 345", thin spaces between thousands */

#endif
