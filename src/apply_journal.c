/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows at fixed places in a plain file; a small file beside it, replaced at once, says how many. */
#include "apply_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "file.h"
#include "hash.h"

enum { KEEPS = 20, KEEP_SECONDS = 20, ROOM = 4 };

struct Journal {
    char *path, *note;
    int file;
    int64_t rows, floats;
    int64_t safe, added;
    Hasher *hasher; /* of all that was added */
    double kept;    /* when */
};

static size_t row_bytes(const Journal *journal)
{
    return (size_t)journal->floats * sizeof(float);
}

static bool hash_rows(Journal *journal, int64_t rows, FornixError *error)
{
    size_t bytes = row_bytes(journal);
    float *row = mem_new(bytes, 1);
    bool fine = true;
    for (int64_t k = 0; k < rows && fine; k++) {
        fine = journal_read(journal, k, row, error);
        hasher_add(journal->hasher, row, bytes);
    }
    mem_free(row);
    return fine;
}

/* How many rows an earlier run left, if it was of the same kind and they are still as it left them.
 */
static int64_t read_note(Journal *journal)
{
    FornixError error = {0};
    int64_t safe = 0, rows, floats;
    char said[HASH_TEXT], found[HASH_TEXT];
    char *text = file_exists(journal->note) ? file_read(journal->note, 4096, NULL, &error) : NULL;
    bool fine = text &&
                sscanf(text,
                       "{\"safe\": %" SCNd64 ", \"rows\": %" SCNd64 ", \"floats\": %" SCNd64
                       ", \"hash\": \"%32s",
                       &safe, &rows, &floats, said) == 4 &&
                rows == journal->rows && floats == journal->floats && safe > 0 && safe <= rows &&
                hash_rows(journal, safe, &error);
    mem_free(text);
    hash_text(hasher_result(journal->hasher), found);
    if (fine && strcmp(said, found) == 0)
        return safe;
    hasher_free(journal->hasher);
    journal->hasher = hasher_new();
    return 0;
}

Journal *journal_open(const char *folder, int64_t rows, int64_t floats, FornixError *error)
{
    int64_t bytes, room = file_free_space(folder);
    if (!size_multiply(rows, floats, &bytes) || !size_multiply(bytes, sizeof(float), &bytes) ||
        (room >= 0 && room / ROOM < bytes))
        return NULL;
    Journal *journal = mem_new(1, sizeof *journal);
    *journal = (Journal){.path = file_join(folder, "journal.bin"),
                         .note = file_join(folder, "journal.json"),
                         .rows = rows,
                         .floats = floats,
                         .hasher = hasher_new(),
                         .kept = seconds_now()};
    journal->file = open(journal->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (journal->file < 0) {
        fornix_fail(error, "%s: cannot write: %s", journal->path, strerror(errno));
        journal_close(journal);
        return NULL;
    }
    journal->safe = journal->added = read_note(journal);
    return journal;
}

void journal_close(Journal *journal)
{
    if (!journal)
        return;
    if (journal->file >= 0)
        close(journal->file);
    hasher_free(journal->hasher);
    mem_free(journal->path);
    mem_free(journal->note);
    mem_free(journal);
}

int64_t journal_rows(const Journal *journal)
{
    return journal ? journal->safe : 0;
}

bool journal_read(const Journal *journal, int64_t row, float *out, FornixError *error)
{
    size_t bytes = row_bytes(journal);
    return file_read_at(journal->file, journal->path, out, bytes, row * (int64_t)bytes, error);
}

bool journal_add(Journal *journal, const float *row, FornixError *error)
{
    if (!journal)
        return true;
    size_t bytes = row_bytes(journal), done = 0;
    while (done < bytes) {
        ssize_t put = pwrite(journal->file, (const char *)row + done, bytes - done,
                             (off_t)(journal->added * (int64_t)bytes + (int64_t)done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fornix_fail(error, "%s: cannot write: %s", journal->path,
                               strerror(put ? errno : EIO));
        done += (size_t)put;
    }
    hasher_add(journal->hasher, row, bytes);
    journal->added++;
    return true;
}

bool journal_keep(Journal *journal, FornixError *error)
{
    if (!journal || journal->added == journal->rows ||
        (journal->added - journal->safe < (journal->rows + KEEPS - 1) / KEEPS &&
         seconds_now() - journal->kept < KEEP_SECONDS))
        return true;
    char text[200], hash[HASH_TEXT];
    hash_text(hasher_result(journal->hasher), hash);
    snprintf(text, sizeof text,
             "{\"safe\": %" PRId64 ", \"rows\": %" PRId64 ", \"floats\": %" PRId64
             ", \"hash\": \"%s\"}\n",
             journal->added, journal->rows, journal->floats, hash);
    if (fdatasync(journal->file) != 0 && errno != EINVAL)
        return fornix_fail(error, "%s: cannot write: %s", journal->path, strerror(errno));
    journal->safe = journal->added;
    journal->kept = seconds_now();
    return file_write(journal->note, text, strlen(text), error);
}
