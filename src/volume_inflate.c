/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A gzip file inflated at once.
 *
 * libdeflate takes a quarter of zlib's time, but wants both sides whole in memory, and says only
 * that something is wrong. So it does what is usual: a file of a size that may be held beside its
 * voxels, which gives the bytes that its header promised and no others. All else is refused here
 * without a word; the stream copes with it, or finds the words.
 */
#include "volume_parts.h"

#include <libdeflate.h>

#include "base.h"
#include "file.h"

enum { HELD_MOST = 512 << 20, BESIDE = 1 << 17 /* what a gzip file may hold beside its content */ };

/* One member after the other, as gunzip does. */
static bool inflate_members(const char *packed, size_t length, char *out, size_t bytes)
{
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    bool fine = inflater != NULL;
    while (fine && length > 0) {
        size_t taken = 0, made = 0;
        fine = libdeflate_gzip_decompress_ex(inflater, packed, length, out, bytes, &taken, &made) ==
               LIBDEFLATE_SUCCESS;
        if (!fine)
            break;
        packed += taken;
        length -= taken;
        out += made;
        bytes -= made;
    }
    libdeflate_free_decompressor(inflater);
    return fine && bytes == 0;
}

char *volume_inflate(const char *path, int64_t bytes)
{
    FornixError unsaid = {0};
    size_t length;
    char *packed =
        bytes > HELD_MOST ? NULL : file_read(path, bytes + bytes / 1024 + BESIDE, &length, &unsaid);
    char *out = packed ? mem_large((size_t)bytes) : NULL;
    bool fine = out && inflate_members(packed, length, out, (size_t)bytes);
    mem_free(packed);
    if (out && !fine)
        mem_large_free(out, (size_t)bytes);
    return fine ? out : NULL;
}
