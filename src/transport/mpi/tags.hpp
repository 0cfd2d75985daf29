#pragma once
namespace stemma {

inline constexpr int control_tag = 1;
/// A transfer's chunks have tag bulk_tag + transfer % (range up to the library's largest tag).
inline constexpr int bulk_tag = 1024;

}  // namespace stemma
