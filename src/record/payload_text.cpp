#include "record/payload_text.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "record/fields.hpp"
#include "record/schema.hpp"

namespace stemma::record {

namespace {

using record_fields::each;
using record_fields::HasFields;

/// Name of a type as in NumPy, or "text", "value", "list of ...", "optional ...". For a struct: "(name type, ...)".
struct TypeName {
    template <class Tag>
    std::string operator()(const Id<Tag>&) const {
        return "id";
    }
    std::string operator()(bool) const { return "bool"; }
    std::string operator()(std::uint32_t) const { return "uint32"; }
    std::string operator()(std::uint64_t) const { return "uint64"; }
    std::string operator()(std::int64_t) const { return "int64"; }
    std::string operator()(double) const { return "float64"; }
    std::string operator()(FailureKind) const { return "uint8 FAILURE_KINDS"; }
    std::string operator()(StopReason) const { return "uint8 STOP_REASONS"; }
    std::string operator()(BirthCause) const { return "uint8 BIRTH_CAUSES"; }
    std::string operator()(SourceKind) const { return "uint8 SOURCE_KINDS"; }
    std::string operator()(EventKind) const { return "uint8 EVENT_KINDS"; }
    std::string operator()(EndReason) const { return "uint8 END_REASONS"; }
    std::string operator()(const std::string&) const { return "text"; }
    std::string operator()(const Value&) const { return "value"; }
    std::string operator()(const std::optional<double>&) const { return "optional float64"; }
    template <class T>
    std::string operator()(const std::vector<T>&) const {
        return "list of " + (*this)(T{});
    }
    template <class T>
    std::string operator()(const Tail<T>&) const {
        return "tail " + (*this)(T{});
    }
    template <HasFields T>
    std::string operator()(const T& item) const;
};

using Fields = std::vector<std::pair<std::string, std::string>>;  ///< name, type

template <HasFields T>
Fields fields_of(const T& item) {
    Fields fields;
    each(item, [&](const char* name, const auto& value) { fields.emplace_back(name, TypeName{}(value)); });
    return fields;
}

std::string joined(const Fields& fields) {
    std::string text;
    for (const auto& [name, type] : fields) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, type);
    return text;
}

template <HasFields T>
std::string TypeName::operator()(const T& item) const {
    return "(" + joined(fields_of(item)) + ")";
}

template <class Variant, std::size_t... Kinds>
std::vector<Fields> all_fields(std::index_sequence<Kinds...>) {
    return {fields_of(std::variant_alternative_t<Kinds, Variant>{})...};
}

template <class Variant>
std::vector<Fields> all_fields() {
    return all_fields<Variant>(std::make_index_sequence<std::variant_size_v<Variant>>());
}

template <class Variant>
std::string table_text(std::string_view enumeration) {
    std::string text = "\n| kind | | fields in their order |\n| --- | --- | --- |\n";
    const auto kinds = all_fields<Variant>();
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        text += fmt::format("| {} | `{}` | {} |\n", kind, name_in(enumeration, static_cast<std::uint8_t>(kind)),
                            joined(kinds[kind]));
    }
    return text;
}

template <class Variant>
std::string python_text(std::string_view name, std::string_view enumeration) {
    std::string text = fmt::format("{} = {{\n", name);
    const auto kinds = all_fields<Variant>();
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        text += fmt::format("    \"{}\": {{", name_in(enumeration, static_cast<std::uint8_t>(kind)));
        for (const auto& field : kinds[kind])
            text +=
                fmt::format("{}\"{}\": \"{}\"", &field == kinds[kind].data() ? "" : ", ", field.first, field.second);
        text += "},\n";
    }
    return text + "}\n";
}

}  // namespace

std::string payload_markdown() {
    return "\n## Payload\n\n"
           "`/payload` holds the inputs and decisions, back to back, in the order in which they happened: each input "
           "is "
           "followed by the decisions that answer it. `/inputs` and `/decisions` say where each lies, and its CRC-32. "
           "All "
           "numbers are little-endian, without padding.\n\n"
           "An input is its sequence (uint64), its time (float64), its kind (uint8), and its fields; a decision is its "
           "kind (uint8) and its fields. Types: `id`: int64, -1 is none; `bool`: a byte, 0 or 1; `text`: length "
           "(uint32) and "
           "that many bytes of UTF-8; `list of T`: count (uint32) and that many T; `optional T`: a byte, 0 or 1, and T "
           "where it is 1; `tail T`: T, or nothing where no byte is left, in what an older program decided; "
           "`value`: a byte and, where that is 0 (inactive), nothing, 1, a real (float64), 2, an integer (int64), 3, "
           "the index of "
           "a choice (uint32); `(...)`: these fields. A name in capitals decodes the number before it. Later formats "
           "only add "
           "kinds, and fields at the end of a kind.\n\n"
           "### Inputs\n" +
           table_text<input::Body>("INPUT_KINDS") + "\n### Decisions\n" + table_text<Effect>("EFFECT_KINDS");
}

std::string payload_python() {
    return "\n# Fields of each kind of input and decision in `payload`, in their order (docs/SCHEMA.md, "
           "\"Payload\").\n" +
           python_text<input::Body>("INPUT_FIELDS", "INPUT_KINDS") + "\n" +
           python_text<Effect>("EFFECT_FIELDS", "EFFECT_KINDS");
}

}  // namespace stemma::record
