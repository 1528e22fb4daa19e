# SPDX-License-Identifier: GPL-3.0-or-later
# Libraries are looked for one by one and named together, each with its Debian package, so that one
# apt-get mends all that is missing.

# FORNIX_FLAGS(VARIABLE, FLAGS): adds those that the compiler knows.
AC_DEFUN([FORNIX_FLAGS], [
  for fornix_flag in $2; do
    AC_MSG_CHECKING([whether $CC takes $fornix_flag])
    fornix_saved=$CFLAGS
    CFLAGS="$CFLAGS $fornix_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [$1="$$1 $fornix_flag"; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
    CFLAGS=$fornix_saved
  done
])

# FORNIX_LACKS(WHAT, PACKAGE)
AC_DEFUN([FORNIX_LACKS], [
  AS_VAR_APPEND([fornix_missing], ["
  $1 (Debian: $2)"])
])

# FORNIX_PKG(PREFIX, MODULE, PACKAGE): PREFIX_CFLAGS and PREFIX_LIBS through pkg-config.
AC_DEFUN([FORNIX_PKG], [
  AC_REQUIRE([PKG_PROG_PKG_CONFIG])
  PKG_CHECK_MODULES([$1], [$2], [], [FORNIX_LACKS([$2], [$3])])
  AS_VAR_APPEND([FORNIX_LIBS_CFLAGS], [" $$1[]_CFLAGS"])
  AS_VAR_APPEND([FORNIX_LIBS], [" $$1[]_LIBS"])
])

# libnifti2 has no pkg-config file, and its headers stand in a folder of their own.
AC_DEFUN([FORNIX_NIFTI], [
  fornix_found=no
  fornix_saved=$CPPFLAGS
  for fornix_flag in "" -I/usr/include/nifti -I/usr/local/include/nifti; do
    AS_IF([test $fornix_found = no], [
      CPPFLAGS="$fornix_saved $fornix_flag"
      AC_MSG_CHECKING([for nifti2_io.h with '$fornix_flag'])
      AC_PREPROC_IFELSE([AC_LANG_SOURCE([[#include <nifti2_io.h>]])],
        [fornix_found=yes; NIFTI_CFLAGS=$fornix_flag])
      AC_MSG_RESULT([$fornix_found])
    ])
  done
  CPPFLAGS=$fornix_saved
  AC_CHECK_LIB([nifti2], [nifti_image_read], [NIFTI_LIBS=-lnifti2], [fornix_found=no],
    [-lznz -lz -lm])
  AS_IF([test $fornix_found = no], [FORNIX_LACKS([libnifti2], [libnifti2-dev])])
  AS_VAR_APPEND([FORNIX_LIBS_CFLAGS], [" $NIFTI_CFLAGS"])
  AS_VAR_APPEND([FORNIX_LIBS], [" $NIFTI_LIBS"])
])

AC_DEFUN([FORNIX_LIBS_END], [
  AC_SEARCH_LIBS([dlopen], [dl])
  AC_SEARCH_LIBS([pow], [m])
  AS_IF([test -z "$PKG_CONFIG"], [FORNIX_LACKS([pkg-config], [pkg-config])])
  AS_IF([test -n "$fornix_missing"], [AC_MSG_ERROR([missing:$fornix_missing])])
  LIBS="$FORNIX_LIBS $LIBS"
  PKG_CHECK_MODULES([CHECK], [check], [fornix_check=yes], [fornix_check=no])
  AM_CONDITIONAL([HAVE_CHECK], [test $fornix_check = yes])
  AC_SUBST([FORNIX_LIBS_CFLAGS])
])
