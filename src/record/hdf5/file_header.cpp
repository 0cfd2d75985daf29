#include "record/hdf5/file_header.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/crc32.hpp"
#include "core/error.hpp"
#include "record/schema.hpp"

namespace stemma::record {

namespace {

using h5::check;
using h5::Handle;

constexpr std::uint32_t first_with_resolved_job = 2;  // also with the version of the rules, and limits

/// Stored where there is no target.
double stored_target(const Budget& budget) { return budget.target.value_or(std::numeric_limits<double>::quiet_NaN()); }

/// docs/SCHEMA.md, "Header's checksum".
std::uint32_t header_crc(const RunHeader& header, std::uint32_t version) {
    Bytes bytes;
    ByteWriter out(bytes);
    for (const auto* text : {&header.run_id, &header.name, &header.job_text, &header.overrides, &header.program_version,
                             &header.git_hash, &header.metric, &header.unit, &header.space_json}) {
        out.put(*text);
    }
    out.put(header.seed);
    out.put(header.started_unix);
    out.put(static_cast<std::uint8_t>(header.maximize));
    out.put(header.parameters);
    for (const auto& metric : header.metrics) {
        out.put(metric.name);
        out.put(static_cast<std::uint8_t>(metric.held_out));
    }
    if (!header.machines.empty()) out.put(header.machines);  // the oldest files have no machines
    if (version < first_with_resolved_job) return crc32_of(bytes);
    out.put(header.job_resolved);
    out.put(header.rules);
    const auto& budget = header.limits.budget;
    out.put(budget.members);
    out.put(budget.reports);
    out.put(budget.resource);
    out.put(budget.seconds);
    out.put(stored_target(budget));
    out.put(header.limits.max_resource);
    return crc32_of(bytes);
}

void write_flags(hid_t file, const char* name, const std::vector<MetricInfo>& metrics) {
    std::vector<std::uint8_t> flags;
    for (const auto& metric : metrics) flags.push_back(metric.held_out ? 1 : 0);
    const hsize_t count = flags.size();
    const auto space = h5::simple_space({&count, 1});
    Handle set(H5Dcreate2(file, name, H5T_STD_U8LE, space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
               "make a dataset");
    check(H5Dwrite(set.id(), H5T_STD_U8LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, flags.data()), "write a dataset");
    set.close("close a dataset");
}

std::vector<std::uint8_t> read_flags(hid_t file, const char* name, std::size_t expected) {
    const Handle set(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose, std::string("open dataset ") + name);
    const Handle space(H5Dget_space(set.id()), H5Sclose, "read a shape");
    if (H5Sget_simple_extent_npoints(space.id()) != static_cast<hssize_t>(expected)) {
        throw h5::Error(std::string("HDF5: ") + name + " has another length than the list of metrics");
    }
    std::vector<std::uint8_t> flags(expected);
    if (expected > 0)
        check(H5Dread(set.id(), H5T_STD_U8LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, flags.data()), "read a dataset");
    return flags;
}

void write_limits(hid_t file, const Limits& limits) {
    h5::write_attribute(file, "limit_members", limits.budget.members);
    h5::write_attribute(file, "limit_reports", limits.budget.reports);
    h5::write_attribute(file, "limit_resource", limits.budget.resource);
    h5::write_attribute(file, "limit_seconds", limits.budget.seconds);
    h5::write_attribute(file, "limit_target", stored_target(limits.budget));
    h5::write_attribute(file, "limit_max_resource", H5T_STD_I64LE, &limits.max_resource);
}

Limits read_limits(hid_t file) {
    Limits limits;
    h5::read_attribute(file, "limit_members", H5T_NATIVE_UINT64, &limits.budget.members);
    h5::read_attribute(file, "limit_reports", H5T_NATIVE_UINT64, &limits.budget.reports);
    h5::read_attribute(file, "limit_resource", H5T_NATIVE_UINT64, &limits.budget.resource);
    h5::read_attribute(file, "limit_seconds", H5T_NATIVE_DOUBLE, &limits.budget.seconds);
    double target = 0;
    h5::read_attribute(file, "limit_target", H5T_NATIVE_DOUBLE, &target);
    if (!std::isnan(target)) limits.budget.target = target;
    h5::read_attribute(file, "limit_max_resource", H5T_NATIVE_INT64, &limits.max_resource);
    return limits;
}

}  // namespace

void write_header(hid_t file, const RunHeader& header, std::uint32_t file_incarnation) {
    h5::write_attribute(file, "format", run_file_format);
    h5::write_attribute(file, "format_version", run_file_version);
    h5::write_attribute(file, "format_readable_by", run_file_readable_by);
    h5::write_attribute(file, "rules_version", header.rules);
    h5::write_attribute(file, "file_incarnation", file_incarnation);
    h5::write_attribute(file, "run_id", header.run_id);
    h5::write_attribute(file, "name", header.name);
    h5::write_attribute(file, "seed", header.seed);
    h5::write_attribute(file, "metric", header.metric);
    const std::uint8_t maximize = header.maximize ? 1 : 0;
    h5::write_attribute(file, "maximize", H5T_STD_U8LE, &maximize);
    h5::write_attribute(file, "unit", header.unit);
    h5::write_attribute(file, "program_version", header.program_version);
    h5::write_attribute(file, "git_hash", header.git_hash);
    h5::write_attribute(file, "machines", header.machines);
    h5::write_attribute(file, "started_unix", header.started_unix);
    write_limits(file, header.limits);
    h5::write_attribute(file, "header_crc32", header_crc(header, run_file_version));
    h5::write_text(file, "/job", header.job_text);
    h5::write_text(file, "/job_resolved", header.job_resolved);
    h5::write_text(file, "/overrides", header.overrides);
    h5::write_text(file, "/space", header.space_json);
    h5::write_texts(file, "/parameter_names", header.parameters);
    std::vector<std::string> names;
    for (const auto& metric : header.metrics) names.push_back(metric.name);
    h5::write_texts(file, "/metric_names", names);
    write_flags(file, "/metric_held_out", header.metrics);
}

std::uint32_t check_format(hid_t file, const std::string& path) {
    if (!h5::has_attribute(file, "format") || h5::read_text_attribute(file, "format") != run_file_format) {
        throw UserError(
            path + ": is an HDF5 file, but not a run file of Stemma. Give the file that `stemma run` wrote (RUN.h5)");
    }
    std::uint32_t version = 0;
    h5::read_attribute(file, "format_version", H5T_NATIVE_UINT32, &version);
    if (version == 0) throw h5::Error("its format version is 0");
    // A file without the attribute (format 1) needs its own version, which this program knows.
    std::uint32_t needed = version;
    if (h5::has_attribute(file, "format_readable_by"))
        h5::read_attribute(file, "format_readable_by", H5T_NATIVE_UINT32, &needed);
    if (needed <= run_file_version) return version;
    throw UserError(fmt::format(
        "{}: has format version {}, which only programs read that know version {} or newer; this program knows version "
        "{}. Use the version of Stemma that wrote it ({}), or a newer one",
        path, version, needed, run_file_version,
        h5::has_attribute(file, "program_version") ? h5::read_text_attribute(file, "program_version") : "unknown"));
}

RunHeader read_header(hid_t file, std::uint32_t version) {
    RunHeader header;
    header.run_id = h5::read_text_attribute(file, "run_id");
    header.name = h5::read_text_attribute(file, "name");
    h5::read_attribute(file, "seed", H5T_NATIVE_UINT64, &header.seed);
    header.metric = h5::read_text_attribute(file, "metric");
    std::uint8_t maximize = 0;
    const auto* direction = h5::has_attribute(file, "maximize") ? "maximize" : "maximise";  // its name in format 1
    h5::read_attribute(file, direction, H5T_NATIVE_UINT8, &maximize);
    header.maximize = maximize != 0;
    header.unit = h5::read_text_attribute(file, "unit");
    header.program_version = h5::read_text_attribute(file, "program_version");
    header.git_hash = h5::read_text_attribute(file, "git_hash");
    if (h5::has_attribute(file, "machines")) header.machines = h5::read_text_attribute(file, "machines");
    h5::read_attribute(file, "started_unix", H5T_NATIVE_DOUBLE, &header.started_unix);
    header.job_text = h5::read_text(file, "/job");
    header.overrides = h5::read_text(file, "/overrides");
    header.space_json = h5::read_text(file, "/space");
    header.parameters = h5::read_texts(file, "/parameter_names");
    const auto names = h5::read_texts(file, "/metric_names");
    const auto held_out = read_flags(file, "/metric_held_out", names.size());
    for (std::size_t i = 0; i < names.size(); ++i) header.metrics.push_back({names[i], held_out[i] != 0});
    header.rules = 1;
    if (version >= first_with_resolved_job) {
        header.job_resolved = h5::read_text(file, "/job_resolved");
        h5::read_attribute(file, "rules_version", H5T_NATIVE_UINT32, &header.rules);
        header.limits = read_limits(file);
    }
    std::uint32_t stored = 0;
    h5::read_attribute(file, "header_crc32", H5T_NATIVE_UINT32, &stored);
    if (stored != header_crc(header, version)) throw h5::Error("the header's checksum is wrong");
    return header;
}

std::uint32_t read_file_incarnation(hid_t file) {
    std::uint32_t value = 0;
    h5::read_attribute(file, "file_incarnation", H5T_NATIVE_UINT32, &value);
    return value;
}

}  // namespace stemma::record
