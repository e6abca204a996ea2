// Empty on purpose: the headers of LibTorch are C++, and only CTorch includes them.
