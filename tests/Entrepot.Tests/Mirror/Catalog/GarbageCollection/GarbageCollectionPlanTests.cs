using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Catalog.GarbageCollection;

namespace Entrepot.Tests.Mirror.Catalog.GarbageCollection;

public sealed class GarbageCollectionPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    private static readonly Gen<World> Worlds =
        from mirrors in (
            from snapshots in Gen.Int[1, 8]
            from ages in Gen.Int[0, 40].Array[snapshots]
            from gaps in Gen.Int[1, 3].Array[snapshots]
            from keepSnapshots in Gen.Nullable(Gen.Int[1, 6])
            from keepDays in Gen.Nullable(Gen.Int[1, 30])
            select (ages, gaps, retention: new Retention(keepSnapshots, keepDays))).Array[0, 3]
        from blobs in (
            from stored in Gen.Int[0, 180]
            from released in Gen.Nullable(Gen.Int[0, 180])
            from touched in Gen.Nullable(Gen.Int[0, 180])
            from held in Gen.Int[0, 9]
            select (stored, released, touched, held: held == 0)).Array[1, 12]
        from references in (
            from mirror in Gen.Int[0, 2]
            from since in Gen.Int[1, 20]
            from length in Gen.Nullable(Gen.Int[1, 10])
            from blob in Gen.Int[0, 11]
            select (mirror, since, length, blob)).Array[0, 15]
        from orphans in Gen.Int[0, 180].Array[0, 3]
        select new World(mirrors, blobs, references, orphans);

    [Fact]
    public void What_a_kept_snapshot_refers_to_stays_and_everything_else_goes_after_the_grace_period()
        => Worlds.Sample(world =>
        {
            var inventory = world.ToInventory();
            var plan = GarbageCollectionPlan.Make(inventory);

            // Said again in the plainest way, without intervals or sets.
            var dropped = plan.Dropped.Select(snapshot => (snapshot.Mirror, snapshot.Number)).ToHashSet();
            foreach (var mirror in inventory.Mirrors)
            {
                for (var i = 0; i < mirror.Snapshots.Count; i++)
                {
                    var (number, at) = mirror.Snapshots[i];
                    var held = i == mirror.Snapshots.Count - 1
                        || mirror.Retention == Retention.Everything
                        || mirror.Snapshots.Count - i <= (mirror.Retention.KeepSnapshots ?? 0)
                        || (mirror.Retention.KeepDays is { } days && (Now - at).TotalDays < days);
                    dropped.Contains((mirror.Name, number)).ShouldBe(!held);
                }
            }

            bool IsIn(InventoryReference reference, Func<MirrorName, long, bool> which) => inventory.Mirrors
                .Single(mirror => mirror.Id == reference.Mirror) is var mirror
                && mirror.Snapshots.Any(s => s.Number >= reference.Since && (reference.Until is null || s.Number < reference.Until) && which(mirror.Name, s.Number));

            foreach (var blob in inventory.Blobs)
            {
                var references = inventory.References.Where(reference => reference.Blob == blob.Id).ToList();
                var referenced = references.Any(reference => IsIn(reference, (name, number) => !dropped.Contains((name, number))));
                var young = Now - blob.StoredAt <= Grace || (blob.ReleasedAt is { } at && Now - at <= Grace)
                    || (inventory.LastTouched(blob.Digest) is { } touched && Now - touched <= Grace) || references.Count > 0;
                var kept = plan.Kept.SingleOrDefault(k => k.Digest == blob.Digest);
                plan.Swept.Count(s => s.Digest == blob.Digest).ShouldBe(kept is null ? 1 : 0);
                (kept is not null).ShouldBe(referenced || young || inventory.IsHeld(blob.Digest));
                (kept?.Reason is KeepReason.Referenced).ShouldBe(referenced);
                if (kept?.Reason is KeepReason.Referenced by)
                    dropped.ShouldNotContain((by.Mirror, by.Snapshot));
                if (kept?.Reason is KeepReason.WithinGrace grace)
                    grace.Until.ShouldBeInRange(Now, Now + Grace);
            }

            foreach (var file in inventory.Files.Where(file => inventory.Blobs.All(blob => blob.Digest != file.Digest)))
            {
                plan.Swept.Any(s => s.Digest == file.Digest && s.Reason == SweepReason.Orphaned).ShouldBe(Now - file.LastWritten > Grace);
                plan.Kept.Any(k => k.Digest == file.Digest).ShouldBe(Now - file.LastWritten <= Grace);
            }
        });

    [Fact]
    public void Reasons_name_mirror_snapshot_path_and_time()
    {
        new KeepReason.Referenced(MirrorName.Parse("images"), 7, "a/b").ToString().ShouldBe("referenced by mirror images snapshot 7 path a/b");
        new KeepReason.WithinGrace(Now).ToString().ShouldBe("within the grace period until 2026-06-01T00:00:00Z");
        new KeepReason.InFlight().ToString().ShouldBe("being published right now");
    }

    private sealed record World(
        (int[] Ages, int[] Gaps, Retention Retention)[] Mirrors, (int Stored, int? Released, int? Touched, bool Held)[] Blobs,
        (int Mirror, int Since, int? Length, int Blob)[] References, int[] Orphans)
    {
        public Inventory ToInventory()
        {
            var mirrors = Mirrors.Select((mirror, i) => new InventoryMirror(
                i, MirrorName.Parse($"m{i}"), mirror.Retention,
                [.. mirror.Ages.OrderDescending().Select((age, s) => ((long)mirror.Gaps.Take(s + 1).Sum(), Now - TimeSpan.FromDays(age)))])).ToList();
            var blobs = Blobs.Select((blob, i) => new InventoryBlob(i, Digest(i), 1, Ago(blob.Stored), blob.Released is { } r ? Ago(r) : null)).ToList();
            var references = References
                .Where(reference => reference.Mirror < mirrors.Count && reference.Blob < blobs.Count)
                .Select((reference, i) => new InventoryReference(reference.Mirror, $"p{i}", reference.Since, reference.Since + reference.Length, reference.Blob))
                .ToList();
            var orphans = Orphans.Select((age, i) => new BlobFile(Digest(100 + i), 1, Ago(age)));
            return new Inventory(
                Now, Grace, mirrors, references, blobs, [.. blobs.Select(blob => new BlobFile(blob.Digest, 1, blob.StoredAt)), .. orphans],
                digest => Index(digest) is { } i && Blobs[i].Touched is { } minutes ? Ago(minutes) : null,
                digest => Index(digest) is { } i && Blobs[i].Held);
        }

        private static Sha256Digest Digest(int i) => Sha256Digest.Of(BitConverter.GetBytes(i));

        private static DateTimeOffset Ago(int minutes) => Now - TimeSpan.FromMinutes(minutes);

        private int? Index(Sha256Digest digest)
        {
            var index = Enumerable.Range(0, Blobs.Length).Where(i => Digest(i) == digest).ToList();
            return index.Count == 0 ? null : index[0];
        }
    }
}
