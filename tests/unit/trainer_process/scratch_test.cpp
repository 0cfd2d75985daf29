#include "trainer/process/scratch.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace stemma {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& content) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
}

/// Names with a slash at the end for folders, and what the files hold.
std::map<std::string, std::string> content_of(const fs::path& folder) {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const auto name = entry.path().lexically_relative(folder).string();
        if (entry.is_directory()) {
            found[name + "/"];
            continue;
        }
        std::ifstream in(entry.path(), std::ios::binary);
        found[name] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    return found;
}

TEST(Scratch, AFileComesBackAsItWas) {
    const Scratch scratch("");
    for (const std::string content : {"weights", "", "other weights, longer than before"}) {
        write(scratch.save_file(), content);
        ASSERT_TRUE(scratch.put_start(Snapshot::decode(scratch.take_saved().encode())));
        EXPECT_EQ(fs::file_size(scratch.start_file()), content.size());
    }
}

TEST(Scratch, AFolderComesBackAsItWas) {
    const Scratch from(""), to("");
    write(to.start_file() + "/of the one before", "gone");
    const fs::path save = from.save_file();
    write(save / "model.safetensors", std::string(100'000, 'w'));
    write(save / "optimizer/rank_0/state", "s");
    write(save / "optimizer/rank_0/empty file", "");
    fs::create_directories(save / "an empty folder/and one in it");
    fs::create_symlink("model.safetensors", save / "latest");

    ASSERT_TRUE(to.put_start(Snapshot::decode(from.take_saved().encode())));

    const auto found = content_of(to.start_file());
    const std::map<std::string, std::string> expected{{"model.safetensors", std::string(100'000, 'w')},
                                                      {"latest", std::string(100'000, 'w')},
                                                      {"optimizer/", ""},
                                                      {"optimizer/rank_0/", ""},
                                                      {"optimizer/rank_0/state", "s"},
                                                      {"optimizer/rank_0/empty file", ""},
                                                      {"an empty folder/", ""},
                                                      {"an empty folder/and one in it/", ""}};
    EXPECT_EQ(found, expected);
}

TEST(Scratch, AnEmptyFolderIsASnapshotToo) {
    const Scratch scratch("");
    fs::create_directories(scratch.save_file());
    ASSERT_TRUE(scratch.put_start(scratch.take_saved()));
    EXPECT_TRUE(fs::is_directory(scratch.start_file()));
    EXPECT_TRUE(fs::is_empty(scratch.start_file()));

    fs::remove_all(scratch.save_file());
    write(scratch.save_file(), "a file after a folder");
    ASSERT_TRUE(scratch.put_start(scratch.take_saved()));
    EXPECT_TRUE(fs::is_regular_file(scratch.start_file()));
}

TEST(Scratch, NothingIsWrittenOutsideOfTheFolder) {
    const Scratch scratch("");
    for (const std::string name : {"process/../outside", "process//etc/outside", "process/a/../../outside"}) {
        Snapshot snapshot;
        snapshot.add(name, DType::u8, {0});
        EXPECT_FALSE(scratch.put_start(snapshot)) << name;
    }
    EXPECT_FALSE(fs::exists(scratch.folder() + "/outside"));
}

TEST(Scratch, ASnapshotOfAnotherTrainerIsRefused) {
    const Scratch scratch("");
    Snapshot snapshot;
    snapshot.add("model/weight", DType::f32, {2});
    EXPECT_FALSE(scratch.put_start(snapshot));
}

TEST(Scratch, WhatIsNotThereOrNoFileIsNamed) {
    const Scratch scratch("");
    EXPECT_ERROR(scratch.take_saved(), std::system_error, "/save: No such file or directory");
}

}  // namespace
}  // namespace stemma
