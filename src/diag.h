/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's mistakes, collected with their places and shown together.
 *
 *   graphs/unet3d.xml:31:30: error: conv_block 'enc2': no attribute 'kernle'
 *      31 |   <conv_block id="enc2" x="enc1" kernle="3"/>
 *         |                                  ^~~~~~ did you mean 'kernel'?
 *
 * A place may lead on to others, shown behind it as notes: what a composite made of the element, or
 * which node reads the file in which the mistake stands.
 */
#ifndef FORNIX_DIAG_H
#define FORNIX_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fornix-error.h"

typedef struct {
    const char *name; /* the path as the user wrote it, or <words> for text made by fornix */
    const char *text; /* NUL-terminated, UTF-8; NULL when it could not be read */
    size_t length;
} Source;

typedef struct Trail Trail;

typedef struct {
    const Source *source; /* NULL: no place is known */
    int line, column;     /* from 1; columns count characters, not bytes */
    int length;           /* characters to underline, at least 1 */
    const Trail *trail;   /* where it leads on to; NULL: nowhere */
} Place;

struct Trail {
    const char *why; /* "made by conv_block 'wide'" */
    Place place;
};

/* Safe to use from several threads; printing comes after them. */
typedef struct Diag Diag;

Diag *diag_new(void);
void diag_free(Diag *diag);

/* Records a mistake at a place, of which it keeps a copy with all that it leads to. The same
 * message at the same place is recorded once. */
void diag_error(Diag *diag, Place place, const char *format, ...) FORNIX_PRINTF(3, 4);
/* As above, with a word of help behind the caret ("did you mean 'kernel'?"); NULL for none. */
void diag_error_help(Diag *diag, Place place, const char *help, const char *format, ...)
    FORNIX_PRINTF(4, 5);
/* What is unwise but allowed; does not make a graph wrong. */
void diag_warn(Diag *diag, Place place, const char *format, ...) FORNIX_PRINTF(3, 4);

/* Whether a mistake has its place in another file than that one. */
bool diag_elsewhere(const Diag *diag, const Source *source);
/* Records another one's mistakes, too; not its warnings. */
void diag_join(Diag *diag, const Diag *more);

size_t diag_errors(const Diag *diag); /* how many mistakes so far */

/* Prints all of them in order of file and place, then "N errors". json: one object a line. */
void diag_print(const Diag *diag, FILE *out, bool json);

#endif
