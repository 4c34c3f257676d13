using Entrepot.Core.Kernel;

namespace Entrepot.Tests.Core.Kernel;

public sealed class DurableFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("entrepot-folders-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Each_folder_that_got_a_new_one_in_it_is_flushed_after_that()
    {
        var flushed = new List<(string Folder, int Entries)>();

        DurableFolder.Create(Path.Combine(_root, "a", "b", "c") + Path.DirectorySeparatorChar, Note);
        DurableFolder.Create(Path.Combine(_root, "a", "b", "c"), Note);
        DurableFolder.Create(Path.Combine(_root, "a", "d"), Note);

        Directory.Exists(Path.Combine(_root, "a", "b", "c")).ShouldBeTrue();
        flushed.ShouldBe([(_root, 1), (Path.Combine(_root, "a"), 1), (Path.Combine(_root, "a", "b"), 1), (Path.Combine(_root, "a"), 2)]);

        void Note(string folder) => flushed.Add((folder, Directory.GetFileSystemEntries(folder).Length));
    }

    [Fact]
    public void A_file_in_the_way_is_an_error()
    {
        File.WriteAllText(Path.Combine(_root, "file"), "");

        Should.Throw<IOException>(() => DurableFolder.Create(Path.Combine(_root, "file", "below")));
    }

    [Fact]
    public void Several_are_made_in_one_that_is_missing_too()
    {
        DurableFolder.CreateIn(Path.Combine(_root, "store"), ["x", "y"]);

        Directory.GetDirectories(Path.Combine(_root, "store")).Select(Path.GetFileName).ShouldBe(["x", "y"], ignoreOrder: true);
    }
}
