using System.Diagnostics;
using System.Globalization;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Scrubbing;

namespace Entrepot.Tests.Mirror.Scrubbing;

public sealed class BlobInspectionTests
{
    private const int MiB = ScrubWorld.MiB;

    [Fact]
    public async Task Pieces_are_read_from_the_disk_and_not_from_memory()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes(3 * MiB));
        var path = world.World.BlobPath(blob.Digest);
        SkipUnlessPagesCanBeForgotten(world.ReplicaPath(blob.Digest));
        Resident(path).ShouldBe(3 * MiB);
        var inspection = new BlobInspection(blob, world.World.Store);
        long? before = null;

        await inspection.RunAsync(
            deep: false,
            (_, _) =>
            {
                before ??= Resident(path);
                return ValueTask.CompletedTask;
            },
            TestContext.Current.CancellationToken);

        inspection.IsSound.ShouldBeTrue();
        before.ShouldBe(2 * MiB);
    }

    private static void SkipUnlessPagesCanBeForgotten(string path)
    {
        if (Resident(path) is not > 0)
            Assert.Skip("This needs Linux, fincore of util-linux, and a file system on a disk.");
        using var file = File.OpenHandle(path);
        PosixFile.ForgetPages(file, 0, RandomAccess.GetLength(file));
        if (Resident(path) != 0)
            Assert.Skip("This file system keeps the pages that it is told to forget.");
    }

    /// <returns>Bytes of the file in the page cache; null when it can't be told.</returns>
    private static long? Resident(string path)
    {
        try
        {
            using var fincore = Process.Start(new ProcessStartInfo("fincore", ["--bytes", "--noheadings", "--output", "RES", path]) { RedirectStandardOutput = true })!;
            var text = fincore.StandardOutput.ReadToEnd();
            fincore.WaitForExit();
            return long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
