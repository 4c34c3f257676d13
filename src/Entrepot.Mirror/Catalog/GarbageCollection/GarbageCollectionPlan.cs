using System.Collections.Immutable;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog.GarbageCollection;

/// <summary>A snapshot that retention no longer holds.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Number">The snapshot.</param>
/// <param name="Reason">Which rules it falls out of.</param>
public sealed record DroppedSnapshot(MirrorName Mirror, long Number, string Reason);

/// <summary>A blob that goes.</summary>
public sealed record SweptBlob(Sha256Digest Digest, long Size, SweepReason Reason);

/// <summary>A blob that stays.</summary>
public sealed record KeptBlob(Sha256Digest Digest, long Size, KeepReason Reason);

/// <summary>What garbage collection should do: mark → grace → sweep. A pure function of an <see cref="Inventory"/>.</summary>
/// <param name="Cutoff">Blobs that were needed at or after this moment stay.</param>
/// <param name="Dropped">Snapshots to drop.</param>
/// <param name="Swept">Blobs to delete.</param>
/// <param name="Kept">Every other blob, with its reason.</param>
public sealed record GarbageCollectionPlan(
    DateTimeOffset Cutoff, ImmutableArray<DroppedSnapshot> Dropped, ImmutableArray<SweptBlob> Swept, ImmutableArray<KeptBlob> Kept)
{
    /// <summary>Decides for every snapshot, blob and file.</summary>
    public static GarbageCollectionPlan Make(Inventory inventory)
    {
        var cutoff = inventory.Now - inventory.Grace;
        var dropped = ImmutableArray.CreateBuilder<DroppedSnapshot>();
        var mirrors = new Dictionary<long, (MirrorName Name, long[] Kept)>();
        foreach (var mirror in inventory.Mirrors)
            mirrors.Add(mirror.Id, (mirror.Name, Retain(mirror, inventory.Now, dropped)));

        // Mark: what a snapshot that stays refers to, and what only one that goes does: it is released now.
        var marked = new Dictionary<long, KeepReason>();
        var released = new HashSet<long>();
        foreach (var reference in inventory.References)
        {
            var (name, kept) = mirrors[reference.Mirror];
            if (marked.ContainsKey(reference.Blob))
                continue;
            if (NewestBetween(kept, reference.Since, reference.Until) is { } snapshot)
                marked.Add(reference.Blob, new KeepReason.Referenced(name, snapshot, reference.Path));
            else
                released.Add(reference.Blob);
        }

        foreach (var (blob, repository) in inventory.Manifests)
            marked.TryAdd(blob, new KeepReason.InRepository(repository));

        var swept = ImmutableArray.CreateBuilder<SweptBlob>();
        var stays = ImmutableArray.CreateBuilder<KeptBlob>();
        var known = new HashSet<Sha256Digest>(inventory.Blobs.Count);
        foreach (var blob in inventory.Blobs)
        {
            known.Add(blob.Digest);
            var needed = Latest(blob.StoredAt, released.Contains(blob.Id) ? inventory.Now : blob.ReleasedAt);
            var reason = marked.GetValueOrDefault(blob.Id) ?? Grace(inventory, blob.Digest, needed, cutoff);
            if (reason is null)
                swept.Add(new SweptBlob(blob.Digest, blob.Size, SweepReason.Unreferenced));
            else
                stays.Add(new KeptBlob(blob.Digest, blob.Size, reason));
        }

        foreach (var file in inventory.Files)
        {
            if (known.Contains(file.Digest))
                continue;
            if (Grace(inventory, file.Digest, file.LastWritten, cutoff) is { } reason)
                stays.Add(new KeptBlob(file.Digest, file.Size, reason));
            else
                swept.Add(new SweptBlob(file.Digest, file.Size, SweepReason.Orphaned));
        }

        return new GarbageCollectionPlan(cutoff, dropped.DrainToImmutable(), swept.DrainToImmutable(), stays.DrainToImmutable());
    }

    /// <summary>The snapshots that stay, in ascending order; the others are added to the dropped.</summary>
    private static long[] Retain(InventoryMirror mirror, DateTimeOffset now, ImmutableArray<DroppedSnapshot>.Builder dropped)
    {
        var (keepSnapshots, keepDays) = mirror.Retention;
        var kept = new List<long>(mirror.Snapshots.Count);
        for (var i = 0; i < mirror.Snapshots.Count; i++)
        {
            var (number, publishedAt) = mirror.Snapshots[i];
            var newer = mirror.Snapshots.Count - 1 - i;
            var stays = newer == 0
                || (keepSnapshots is null && keepDays is null)
                || newer < keepSnapshots
                || (keepDays is { } days && publishedAt > now - TimeSpan.FromDays(days));
            if (stays)
                kept.Add(number);
            else
                dropped.Add(new DroppedSnapshot(mirror.Name, number, string.Join(" and ", BrokenRules(mirror.Retention))));
        }

        return [.. kept];
    }

    private static IEnumerable<string> BrokenRules(Retention retention)
    {
        if (retention.KeepSnapshots is { } snapshots)
            yield return $"not among the newest {snapshots}";
        if (retention.KeepDays is { } days)
            yield return $"not from the last {days} days";
    }

    private static long? NewestBetween(long[] numbers, long since, long? until)
    {
        var index = Array.BinarySearch(numbers, (until ?? long.MaxValue) - 1);
        if (index < 0)
            index = ~index - 1;
        return index >= 0 && numbers[index] >= since ? numbers[index] : null;
    }

    private static KeepReason? Grace(Inventory inventory, Sha256Digest digest, DateTimeOffset needed, DateTimeOffset cutoff)
    {
        if (inventory.IsHeld(digest))
            return new KeepReason.InFlight();
        var last = Latest(needed, inventory.LastTouched(digest));
        return last >= cutoff ? new KeepReason.WithinGrace(last + inventory.Grace) : null;
    }

    private static DateTimeOffset Latest(DateTimeOffset one, DateTimeOffset? other) => other > one ? other.Value : one;
}
