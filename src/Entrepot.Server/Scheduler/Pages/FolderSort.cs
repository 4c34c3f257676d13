using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>What a folder is sorted by.</summary>
internal enum SortKey
{
    /// <summary>UTF-8 bytes of the name.</summary>
    Name,

    /// <summary>Bytes.</summary>
    Size,

    /// <summary>Time.</summary>
    Date,
}

/// <summary>Order and page of a folder, from <c>?sort=name|size|date&amp;order=asc|desc&amp;page=N</c>. Folders always come first.</summary>
/// <param name="Key">The column.</param>
/// <param name="Descending">Largest, newest or last first.</param>
/// <param name="Page">Counted from 1.</param>
internal readonly record struct FolderSort(SortKey Key, bool Descending, int Page)
{
    public static bool TryRead(HttpRequest request, out FolderSort sort, [NotNullWhen(false)] out Fault? fault)
    {
        sort = new FolderSort(SortKey.Name, false, 1);
        fault = null;
        if (!request.QueryString.HasValue)
            return true;
        var (key, order, page) = (request.Query["sort"].ToString(), request.Query["order"].ToString(), request.Query["page"].ToString());
        SortKey? column = key switch { "" or "name" => SortKey.Name, "size" => SortKey.Size, "date" => SortKey.Date, _ => null };
        var number = 1;
        if (column is null || order is not ("" or "asc" or "desc")
            || (page.Length > 0 && (!int.TryParse(page, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number < 1)))
        {
            fault = Fault.Of(
                SchedulerFault.Query, FaultKind.Invalid, "The folder can't be shown in that order.",
                "Use sort=name, size or date, order=asc or desc, and page=1 and up.");
            return false;
        }

        sort = new FolderSort(column.Value, order == "desc", number);
        return true;
    }

    /// <summary>The query that asks for this.</summary>
    public string ToQuery()
    {
        var order = Descending ? "desc" : "asc";
        var text = $"?sort={TextOf(Key)}&order={order}";
        return Page == 1 ? text : string.Create(CultureInfo.InvariantCulture, $"{text}&page={Page}");
    }

    /// <summary>The word for a column.</summary>
    public static string TextOf(SortKey key) => key switch { SortKey.Name => "name", SortKey.Size => "size", _ => "date" };

    /// <summary>Sorts a listing that comes sorted by name.</summary>
    public IReadOnlyList<FolderEntry> Apply(IReadOnlyList<FolderEntry> entries)
    {
        if (this is { Key: SortKey.Name, Descending: false })
            return entries;
        var (key, sign) = (Key, Descending ? -1 : 1);
        var sorted = entries.ToArray();
        Array.Sort(sorted, (left, right) =>
        {
            if (left.IsFolder != right.IsFolder)
                return left.IsFolder ? -1 : 1;
            var order = key switch
            {
                SortKey.Size => left.Size.CompareTo(right.Size),
                SortKey.Date => left.Modified.CompareTo(right.Modified),
                _ => 0,
            };
            return sign * (order != 0 ? order : ContentPath.CompareUtf8(left.Name, right.Name));
        });
        return sorted;
    }
}
