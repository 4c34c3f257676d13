using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;

namespace Entrepot.Mirror.Catalog;

/// <summary>A file to publish.</summary>
/// <param name="Path">Where.</param>
/// <param name="Blob">Its bytes, durable on this node.</param>
/// <param name="Modified">The file's own time; kept in whole seconds.</param>
/// <param name="Condition">What must be at the path; null for no condition.</param>
public sealed record TreePut(ContentPath Path, StoredBlob Blob, DateTimeOffset Modified, PathCondition? Condition = null);

/// <summary>A file to remove. It must exist.</summary>
/// <param name="Path">Which.</param>
/// <param name="Condition">What must be at the path; null for no condition.</param>
public sealed record TreeDelete(ContentPath Path, PathCondition? Condition = null);

/// <summary>What to change in a mirror, as one step. Files come only from <see cref="StoredBlob"/>s.</summary>
public sealed class TreeEdit
{
    private TreeEdit(ImmutableArray<TreePut> puts, ImmutableArray<TreeDelete> deletes, ImmutableArray<ContentPath> replaced)
        => (Puts, Deletes, Replaced) = (puts, deletes, replaced);

    /// <summary>Files to add or replace, sorted by path.</summary>
    public ImmutableArray<TreePut> Puts { get; }

    /// <summary>Files to remove, sorted by path.</summary>
    public ImmutableArray<TreeDelete> Deletes { get; }

    /// <summary>Folders below which everything goes that is not among <see cref="Puts"/>; the default path is the root.</summary>
    public ImmutableArray<ContentPath> Replaced { get; }

    /// <summary>Adds or replaces one file.</summary>
    public static TreeEdit Put(ContentPath path, StoredBlob blob, DateTimeOffset modified, PathCondition? condition = null)
        => new([new TreePut(path, blob, modified, condition)], [], []);

    /// <summary>Removes one file.</summary>
    public static TreeEdit Delete(ContentPath path, PathCondition? condition = null) => new([], [new TreeDelete(path, condition)], []);

    /// <summary>Makes the folder hold exactly the given files. No files at all removes the folder.</summary>
    /// <param name="folder">The folder; the default path is the root.</param>
    /// <param name="files">Its files, with their whole paths.</param>
    /// <exception cref="FaultException"><see cref="CatalogFault.DuplicatePath"/>.</exception>
    public static TreeEdit ReplaceBelow(ContentPath folder, IEnumerable<TreePut> files) => Of(files, [], [folder]);

    /// <summary>Any number of changes in one step.</summary>
    /// <param name="puts">Files to add or replace.</param>
    /// <param name="deletes">Files to remove.</param>
    /// <param name="replaced">Folders below which everything else goes.</param>
    /// <exception cref="FaultException"><see cref="CatalogFault.DuplicatePath"/>.</exception>
    public static TreeEdit Of(IEnumerable<TreePut> puts, IEnumerable<TreeDelete>? deletes = null, IEnumerable<ContentPath>? replaced = null)
    {
        var edit = new TreeEdit(
            [.. puts.OrderBy(static put => put.Path)],
            [.. (deletes ?? []).OrderBy(static delete => delete.Path)],
            [.. (replaced ?? []).Distinct().Order()]);
        edit.RefuseDuplicates();
        return edit;
    }

    private void RefuseDuplicates()
    {
        int p = 0, d = 0;
        ContentPath? last = null;
        while (p < Puts.Length || d < Deletes.Length)
        {
            var takePut = d == Deletes.Length || (p < Puts.Length && Puts[p].Path <= Deletes[d].Path);
            var path = takePut ? Puts[p++].Path : Deletes[d++].Path;
            if (path == last)
                throw Fault.Of(
                    CatalogFault.DuplicatePath, FaultKind.Invalid, $"The edit names '{path}' twice.", "Name each path once.").ToException();
            last = path;
        }
    }
}
