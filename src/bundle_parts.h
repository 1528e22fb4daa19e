/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What writing and reading a bundle share. */
#ifndef FORNIX_BUNDLE_PARTS_H
#define FORNIX_BUNDLE_PARTS_H

#define BUNDLE_FOLDER "bundle"
#define BUNDLE_FILE BUNDLE_FOLDER "/bundle.json"

enum { BUNDLE_FORMAT = 1 };

#endif
