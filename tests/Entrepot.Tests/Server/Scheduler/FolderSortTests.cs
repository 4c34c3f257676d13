using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Scheduler.Pages;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Tests.Server.Scheduler;

public sealed class FolderSortTests
{
    private static readonly Gen<FolderEntry[]> GenEntries =
        Gen.Select(Gen.Bool, Gen.Long[0, 5], Gen.Int[0, 5]).Array[0, 40].Select(static rows => rows
            .Select(static (row, i) => new FolderEntry(
                $"n{i:00}", row.Item1, row.Item2, DateTimeOffset.UnixEpoch.AddDays(row.Item3), row.Item1 ? null : Sha256Digest.Of("x"u8), 1))
            .OrderBy(static entry => !entry.IsFolder).ThenBy(static entry => entry.Name, StringComparer.Ordinal).ToArray());

    [Fact]
    public void Every_order_keeps_all_lines_with_folders_first_and_no_tie_left_to_chance()
        => Gen.Select(GenEntries, Gen.Enum<SortKey>(), Gen.Bool).Sample((entries, key, descending) =>
        {
            var sorted = new FolderSort(key, descending, 1).Apply(entries);
            sorted.ShouldBe(entries, ignoreOrder: true);
            for (var i = 1; i < sorted.Count; i++)
            {
                var (before, after) = (sorted[i - 1], sorted[i]);
                (before.IsFolder || !after.IsFolder).ShouldBeTrue();
                if (before.IsFolder != after.IsFolder)
                    continue;
                var order = Compare(key, before, after);
                (descending ? -order : order).ShouldBeLessThan(0);
            }
        });

    [Fact]
    public void An_order_is_read_back_from_the_query_it_writes()
        => Gen.Select(Gen.Enum<SortKey>(), Gen.Bool, Gen.Int[1, 5000]).Sample((key, descending, page) =>
        {
            var sort = new FolderSort(key, descending, page);
            var request = new DefaultHttpContext().Request;
            request.QueryString = new QueryString(sort.ToQuery());
            FolderSort.TryRead(request, out var read, out _).ShouldBeTrue();
            read.ShouldBe(sort);
        });

    private static int Compare(SortKey key, FolderEntry left, FolderEntry right)
    {
        var order = key switch
        {
            SortKey.Size => left.Size.CompareTo(right.Size),
            SortKey.Date => left.Modified.CompareTo(right.Modified),
            _ => 0,
        };
        return order != 0 ? order : string.CompareOrdinal(left.Name, right.Name);
    }
}
