using Entrepot.Core.Faults;
using Entrepot.Mirror.Caching;
using Entrepot.Tests.Mirror.Replication;

namespace Entrepot.Tests.Mirror.Caching;

public sealed class PieceCacheRecoveryTests : IDisposable
{
    private const int MiB = 1 << 20;

    private static readonly TestBlob[] Blobs = [TestBlob.Of((4 * MiB) + 7), TestBlob.Of(100_000, 2), TestBlob.Of(MiB + 5, 3)];

    private readonly string _folder = TestFolder.Make("entrepot-torn-");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Held_pieces_are_found_again()
    {
        var blob = TestBlob.Of((3 * MiB) + 9);
        var source = new FakeSource("origin", blob);
        await using (var rig = new CacheRig([source], folder: _folder))
        {
            await rig.ReadAsync(blob, MiB, 1);
            await rig.ReadAsync(blob, 3 * MiB, 9);
        }

        await using var again = new CacheRig([source], folder: _folder);
        again.Content.Look().HeldBytes.ShouldBe(MiB + 9);
        again.Content.TryGetFingerprint(blob.Fingerprint.Digest).ShouldBe(blob.Fingerprint);
        blob.Is(await again.ReadAllAsync(blob)).ShouldBeTrue();
        source.Asked.Values.ShouldAllBe(count => count == 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_power_cut_at_any_step_leaves_no_bit_over_bytes_that_are_not_the_piece(int seed)
    {
        var random = new Random(seed);
        var steps = 0;
        for (var powerFailsAt = 1; powerFailsAt <= steps + 1; powerFailsAt++)
        {
            var folder = Path.Combine(_folder, $"{powerFailsAt}");
            var disk = new TornDisk(powerFailsAt, random);
            await RunAsync(folder, disk);
            steps = disk.HasFailed ? Math.Max(steps, powerFailsAt) : steps;
            if (random.Next(4) > 0)
                disk.LoseWhatWasNotSynced();
            TornDisk.Bury(folder);
            await ProveAsync(folder, $"power failed at step {powerFailsAt}");
            Directory.Delete(folder, recursive: true);
        }

        steps.ShouldBeGreaterThan(60);
    }

    [Fact]
    public async Task Leftovers_are_removed()
    {
        var blob = TestBlob.Of(2 * MiB);
        await using (var rig = new CacheRig([new FakeSource("origin", blob)], folder: _folder))
            await rig.ReadAllAsync(blob);
        var data = Directory.EnumerateFiles(Path.Combine(_folder, "pieces"), "*.data", SearchOption.AllDirectories).Single();
        var shard = Path.GetDirectoryName(data)!;
        var held = Path.ChangeExtension(data, ".held");
        var stem = Path.Combine(shard, new string('a', 64) + "-1");
        File.WriteAllBytes(stem + ".data", [1]);  // data without a bitmap
        File.Copy(held, Path.Combine(shard, Path.GetFileNameWithoutExtension(data)[..64] + "-0.held"));  // a bitmap without data
        var other = Path.Combine(shard, new string('a', 64) + "-2");
        File.Copy(held, other + ".held");  // a bitmap under another blob's name
        File.WriteAllBytes(other + ".data", new byte[2 * MiB]);
        File.WriteAllBytes(held + ".tmp", [1, 2, 3]);

        await using var again = new CacheRig([], folder: _folder);

        Directory.EnumerateFiles(Path.Combine(_folder, "pieces"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ShouldBe([data, held]);
        again.Content.Look().HeldBytes.ShouldBe(2 * MiB);
    }

    [Fact]
    public async Task A_bitmap_that_is_cut_or_changed_anywhere_is_never_believed()
    {
        var blob = TestBlob.Of((2 * MiB) + 1);
        await using (var rig = new CacheRig([new FakeSource("origin", blob)], folder: _folder))
            await rig.ReadAsync(blob, 0, 1);
        var held = Directory.EnumerateFiles(Path.Combine(_folder, "pieces"), "*.held", SearchOption.AllDirectories).Single();
        var whole = await File.ReadAllBytesAsync(held);
        var path = Path.Combine(_folder, "probe");
        File.WriteAllBytes(path, whole);
        HeldFile.Read(path)!.Value.Blob.ShouldBe(blob.Fingerprint);

        for (var length = 0; length < whole.Length; length += length is > 200 and < 4000 ? 97 : 1)
        {
            File.WriteAllBytes(path, whole[..length]);
            HeldFile.Read(path).ShouldBeNull($"cut at {length}");
        }

        for (var at = 0; at < whole.Length; at++)
        {
            if (at is >= 16 + 173 and < 4096)
                continue;  // the gap between the two parts means nothing
            var changed = whole.ToArray();
            changed[at] ^= 0x40;
            File.WriteAllBytes(path, changed);
            HeldFile.Read(path).ShouldBeNull($"changed at {at}");
        }
    }

    [Fact]
    public async Task Two_edges_can_not_share_a_folder()
    {
        await using var first = new CacheRig([], folder: _folder);

        Should.Throw<FaultException>(() => new CacheRig([], folder: _folder)).Fault.Is(CachingFault.Folder).ShouldBeTrue();
    }

    [Fact]
    public async Task A_smaller_cap_is_held_from_the_start()
    {
        var blobs = Enumerable.Range(0, 6).Select(i => TestBlob.Of(MiB, i)).ToArray();
        await using (var rig = new CacheRig([new FakeSource("origin", blobs)], folder: _folder))
        {
            foreach (var blob in blobs)
                await rig.ReadAllAsync(blob);
        }

        await using var again = new CacheRig([], options => options with { CapacityBytes = 2 * MiB }, folder: _folder);

        again.Content.Look().HeldBytes.ShouldBeLessThanOrEqualTo(2 * MiB);
        Directory.EnumerateFiles(Path.Combine(_folder, "pieces"), "*.data", SearchOption.AllDirectories).Count().ShouldBeLessThanOrEqualTo(2);
    }

    /// <summary>Fills, commits, evicts blobs and single pieces, condemns and refills; ends when the power fails or all is done.</summary>
    private static async Task RunAsync(string folder, TornDisk disk)
    {
        var blobs = Blobs;
        CacheRig rig;
        try
        {
            rig = new CacheRig(
                [new FakeSource("origin", blobs)], options => options with { CapacityBytes = 3 * MiB, ReadAhead = 0, DiskFullPause = TimeSpan.Zero },
                disk: disk, folder: folder);
        }
        catch (FaultException)
        {
            return;
        }

        await using (rig)
        {
            await Step(() => rig.ReadAllAsync(blobs[1]));
            Commit();
            await Step(() => rig.ReadAsync(blobs[0], 0, 2 * MiB));
            Commit();
            await Step(() => rig.ReadAsync(blobs[0], 2 * MiB, (2 * MiB) + 7));
            Commit();
            await Step(() => rig.ReadAllAsync(blobs[2]));
            Commit();
            if (rig.Cache.TryAcquire(blobs[2].Fingerprint.Digest) is { } known)
            {
                known.Trust.Forget(0);
                rig.Cache.Condemn(known, 0);
                known.Release();
            }

            await Step(() => rig.ReadAllAsync(blobs[2]));
            Commit();
            await Step(() => rig.ReadAllAsync(blobs[0]));

            async Task Step(Func<Task> step)
            {
                if (!disk.HasFailed)
                    await step();
            }

            void Commit()
            {
                try
                {
                    if (!disk.HasFailed)
                        rig.Cache.Keeper.Commit();
                }
                catch (IOException)
                {
                    // The power failed.
                }
            }
        }
    }

    private static async Task ProveAsync(string folder, string when)
    {
        await using var rig = new CacheRig([], folder: folder);
        foreach (var blob in rig.Cache.Blobs)
        {
            blob.TryAcquire().ShouldBeTrue();
            var file = blob.Data(rig.Cache);
            for (var piece = 0; piece < blob.Fingerprint.Pieces.Length; piece++)
            {
                if (!blob.IsReady(piece))
                    continue;
                var bytes = new byte[blob.Fingerprint.LengthOf(piece)];
                RandomAccess.Read(file, bytes, blob.Fingerprint.OffsetOf(piece)).ShouldBe(bytes.Length);
                blob.Fingerprint.Proves(piece, bytes).ShouldBeTrue($"{when}: piece {piece} of {blob.Fingerprint.Digest}");
            }

            blob.Release();
        }

        Directory.EnumerateFiles(folder, "*.tmp", SearchOption.AllDirectories).ShouldBeEmpty();
        foreach (var data in Directory.EnumerateFiles(folder, "*.data", SearchOption.AllDirectories))
            File.Exists(Path.ChangeExtension(data, ".held")).ShouldBeTrue();
    }
}
