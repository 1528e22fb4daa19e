/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this build is: it stands in manifests and in the keys of the cache. */
#ifndef FORNIX_VERSION_H
#define FORNIX_VERSION_H

#ifndef FORNIX_VERSION
#define FORNIX_VERSION PACKAGE_VERSION
#endif

#if defined(__clang__)
#define FORNIX_COMPILER "clang " __clang_version__
#else
#define FORNIX_COMPILER "gcc " __VERSION__
#endif

#define FORNIX_BUILD FORNIX_VERSION " (" FORNIX_COMPILER ")"

#endif
