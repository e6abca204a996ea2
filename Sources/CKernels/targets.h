// The instructions that the functions of a file may use, between BEGIN and END.
#pragma once

#define BEGIN_AVX2 \
  _Pragma("clang attribute push(__attribute__((target(\"avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt\"))), apply_to = function)")
#define BEGIN_AVX512                                                                                                  \
  _Pragma(                                                                                                            \
      "clang attribute push(__attribute__((target(\"avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt\"))), apply_to = function)")
#define END _Pragma("clang attribute pop")
