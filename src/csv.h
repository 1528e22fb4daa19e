/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables as comma-separated text (RFC 4180): manifests, features, predictions.
 *
 * The first line names the columns. Quoted fields may hold commas, quotes (doubled) and line ends;
 * lines end in LF or CR LF; a byte order mark is passed over, empty lines are skipped. A row of
 * another width than the header is a mistake, shown with its line, and so is text that is not
 * UTF-8. Every row keeps the line of the file where it began, for messages about its content.
 */
#ifndef FORNIX_CSV_H
#define FORNIX_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fornix-error.h"
#include "text.h"

typedef struct Csv Csv;

Csv *csv_read(const char *path, FornixError *error); /* NULL on failure */
/* name stands for the text in messages. */
Csv *csv_parse(const char *name, const char *text, size_t length, FornixError *error);
void csv_free(Csv *csv); /* NULL is fine */

const char *csv_name(const Csv *csv); /* the path */
int64_t csv_rows(const Csv *csv);     /* without the header */
int64_t csv_columns(const Csv *csv);
const char *csv_header(const Csv *csv, int64_t column);
const char *csv_field(const Csv *csv, int64_t row, int64_t column); /* never NULL */
int64_t csv_line(const Csv *csv, int64_t row);                      /* from 1 */
/* The byte of the text, without its byte order mark, at which a field or its quote begins. */
size_t csv_offset(const Csv *csv, int64_t row, int64_t column);

int64_t csv_find(const Csv *csv, const char *column); /* -1: not there */
/* As csv_find, but its absence is a failure that suggests the nearest name, or lists all. */
int64_t csv_column(const Csv *csv, const char *column, FornixError *error);
/* A number, strictly; false with file, line and column named. */
bool csv_real(const Csv *csv, int64_t row, int64_t column, double *value, FornixError *error);

/* A line of a table being written: fields quoted where they must be, CR LF at the end. */
void csv_add_row(Text *text, const char *const *fields, size_t count);

#endif
