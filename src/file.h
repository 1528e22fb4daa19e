/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files: read whole with a limit, written whole or not at all, and their paths.
 *
 * What fornix writes is either there complete or not there: bytes go to a hidden file in the same
 * folder, which is synced and then renamed. A kill at any moment leaves the old file or the new one
 * (and perhaps a hidden ".NAME.tmp-..." that nobody reads). Missing or unreadable inputs are the
 * user's mistakes, failing writes are not; every message names the path and the system's reason.
 */
#ifndef FORNIX_FILE_H
#define FORNIX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fornix-error.h"

/* What changes whenever a file's content may have changed. Plain data without padding. */
typedef struct {
    uint64_t device, inode;
    int64_t size, modified, changed; /* bytes; nanoseconds since the epoch */
} FileIdentity;

bool file_exists(const char *path); /* of any type */
bool file_is_folder(const char *path);
bool file_identity(const char *path, FileIdentity *identity, FornixError *error);
/* False: it changed a moment ago, and could change again within the same tick of the clock. */
bool file_is_settled(const FileIdentity *identity);

/* The whole of a regular file of at most limit bytes, with a NUL behind it; NULL on failure. Freed
 * with mem_free. length may be NULL. */
char *file_read(const char *path, int64_t limit, size_t *length, FornixError *error);
/* Opens a regular file for reading; -1 on failure. */
int file_open(const char *path, int64_t *size, FornixError *error);
/* Exactly length bytes at offset; less is a failure that tells how much there was. */
bool file_read_at(int file, const char *path, void *out, size_t length, int64_t offset,
                  FornixError *error);

bool file_write(const char *path, const void *bytes, size_t length, FornixError *error);

/* A big file written piece by piece; it appears at commit. Both ends free the writer. */
typedef struct FileWriter FileWriter;
FileWriter *file_writer_open(const char *path, FornixError *error);
bool file_writer_add(FileWriter *writer, const void *bytes, size_t length, FornixError *error);
/* At any offset; what is between stays zero. add goes on from its own offset. */
bool file_writer_put(FileWriter *writer, const void *bytes, size_t length, int64_t offset,
                     FornixError *error);
int64_t file_writer_offset(const FileWriter *writer); /* bytes added so far */
bool file_writer_resize(FileWriter *writer, int64_t size, FornixError *error);
bool file_writer_commit(FileWriter *writer, FornixError *error);
void file_writer_abort(FileWriter *writer); /* NULL is fine */

/* A file that only grows, line by line (logs, metrics). Opening cuts it to offset, so that a
 * resumed run goes on where its checkpoint stood; a file shorter than that is a failure. */
typedef struct FileLines FileLines;
FileLines *file_lines_open(const char *path, int64_t offset, FornixError *error);
bool file_lines_add(FileLines *lines, const char *line, FornixError *error); /* adds the newline */
bool file_lines_sync(FileLines *lines, FornixError *error); /* before a checkpoint refers to it */
int64_t file_lines_offset(const FileLines *lines);
void file_lines_close(FileLines *lines); /* NULL is fine */

bool file_make_folders(const char *path, FornixError *error); /* with all above it */
/* A file, or a folder and all in it; links are removed, not followed. Nothing there is fine. */
bool file_remove(const char *path, FornixError *error);
bool file_rename(const char *from, const char *to, FornixError *error); /* synced; replaces files */
/* Names in a folder, in byte order, hidden ones left out; freed with file_list_free. */
char **file_list(const char *folder, size_t *count, FornixError *error);
void file_list_free(char **names, size_t count);
/* The path of something that is there, where one folder or file of a path that is not was misspelt:
 * new text, freed with mem_free; NULL: none is near. */
char *file_suggest(const char *path);
int64_t file_free_space(const char *folder); /* bytes for this user; -1: not known */

/* New text, freed with mem_free. An absolute name stands for itself. */
char *file_join(const char *folder, const char *name);
char *file_folder(const char *path);     /* of "a/b": "a"; of "b": "." */
const char *file_name(const char *path); /* what follows the last slash */

#endif
