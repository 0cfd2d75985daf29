// `stemma export`.
#include <fmt/format.h>

#include <iostream>

#include "app/commands/commands.hpp"
#include "app/commands/member_names.hpp"
#include "app/commands/python_commands.hpp"
#include "app/console/print.hpp"
#include "core/error.hpp"
#include "platform/whole_file.hpp"
#include "record/export.hpp"
#include "record/hdf5/run_file.hpp"
#include "record/hdf5/snapshot_file.hpp"
#include "record/hdf5/snapshot_folder.hpp"
#include "trainer/process/scratch.hpp"

namespace stemma {

namespace {

namespace fs = std::filesystem;

/// Writes what a snapshot holds, and returns what that is. A program's snapshot is the file or folder that the program
/// left. Another one is a state_dict if the name ends as PyTorch's files do, else an HDF5 file.
std::string write_weights(const Snapshot& snapshot, const record::SnapshotAttributes& attributes, const fs::path& to) {
    if (is_of_program(snapshot)) {
        if (fs::is_directory(to)) throw UserError(to.string() + ": is a folder already; give another name");
        put_snapshot(snapshot, to);
        return fs::is_directory(to) ? "the folder that the program saved" : "the file that the program saved";
    }
    const Scratch scratch("");
    const fs::path from = scratch.folder() + "/snapshot.h5";
    record::write_snapshot_file(from.string(), snapshot, attributes);
    if (to.extension() == ".pt" || to.extension() == ".pth") {
        if (const auto code = run_python({"state-dict", from.string(), to.string()}); code != ExitCode::ok)
            throw UserError(to.string() +
                            ": a state_dict could not be written; a name that ends with .h5 gives an HDF5 file");
        return "a state_dict of PyTorch";
    }
    copy_whole_file(from, to);
    return "HDF5";
}

void export_weights(const fs::path& file, const ExportOptions& options) {
    record::RunFileReader reader(file);
    const auto genealogy = read_genealogy(reader);
    const auto member = member_called(genealogy, file, options.member);
    // The best snapshot may be older than its member's last snapshot. Of other members the last snapshot is taken.
    const auto& reports = genealogy[member].reports;
    const auto id = genealogy.best() == member ? genealogy.best_report().snapshot
                    : reports.empty()          ? SnapshotId::none()
                                               : reports.back().snapshot;
    const auto snapshot = id.exists() ? record::SnapshotFolder(file).find(id) : std::nullopt;
    if (!snapshot) {
        const auto folder = record::snapshot_folder(file);
        throw UserError(fmt::format("{}: no durable snapshot of member {} is in {}{}", file.string(), member.value,
                                    folder.string(),
                                    fs::exists(folder) ? " ([workers] durable decides which are kept there; the best "
                                                         "one always is unless durable = \"none\")"
                                                       : ", a folder that is not there: it belongs to the run file, "
                                                         "and moves with it"));
    }
    const auto& report = genealogy.best() == member ? genealogy.best_report() : reports.back();
    const auto kind = write_weights(*snapshot, {reader.header().run_id, member, report.resource}, options.weights);
    print(fmt::format("weights of member {}: {} ({})\n", member.value, options.weights, kind));
}

/// Formats for which Python has the libraries.
std::vector<std::string> python_exports(const fs::path& file, const ExportOptions& options) {
    std::vector<std::string> words;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) words.insert(words.end(), {name, value});
    };
    add("--newick", options.newick);
    add("--graphml", options.graphml);
    add("--tensorboard", options.tensorboard);
    add("--parquet", options.parquet);
    add("--optuna", options.optuna);
    add("--mlflow", options.mlflow);
    if (!words.empty()) words.insert(words.begin(), {"export", file.string()});
    if (options.follow && !words.empty()) words.emplace_back("--follow");
    return words;
}

}  // namespace

ExitCode export_run(const fs::path& file, const ExportOptions& options) {
    const auto python = python_exports(file, options);
    if (options.follow && !python.empty()) return run_python(python);
    if (options.csv.empty() && options.json.empty() && options.weights.empty() && python.empty()) {
        throw UserError(
            "nothing to export: give --csv FOLDER, --json FILE, --newick FILE, --graphml FILE, --weights FILE, "
            "--tensorboard FOLDER, --parquet FOLDER, --optuna STORAGE or --mlflow ADDRESS");
    }
    if (!options.weights.empty()) export_weights(file, options);
    record::RunFileReader reader(file);
    if (!options.csv.empty()) {
        record::export_csv(reader, options.csv);
        print(fmt::format("tables as CSV: {}\n", options.csv));
    }
    if (options.json == "-") {
        record::export_json(reader, std::cout);
    } else if (!options.json.empty()) {
        write_whole_file(options.json, [&](std::ostream& out) { record::export_json(reader, out); });
    }
    return python.empty() ? ExitCode::ok : run_python(python);
}

}  // namespace stemma
