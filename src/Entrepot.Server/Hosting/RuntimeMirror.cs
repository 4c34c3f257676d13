using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Sources;

namespace Entrepot.Server.Hosting;

/// <summary>What a new network serves before anybody has pushed: a mirror of the .NET runtime that this process runs on. Real files in
/// real folders, there on every machine that can start the program.</summary>
internal static class RuntimeMirror
{
    /// <summary>The mirror's name.</summary>
    public static MirrorName Name { get; } = MirrorName.Parse("dotnet");

    /// <summary>Publishes the mirror if the catalog has no mirror at all.</summary>
    /// <returns>Null when there was something already.</returns>
    public static async Task<Publication?> PublishAsync(MirrorCatalog catalog, FolderImport import, CancellationToken cancellation)
    {
        const string actor = "system:first-start";
        if (catalog.View.Mirrors.Count > 0)
            return null;
        await catalog.CreateMirrorAsync(Name, actor, description: "The .NET runtime that this node runs on", cancellation: cancellation);
        return await import.PublishAsync(Name, Files(), actor, "first start", cancellation);
    }

    /// <summary>A file of the mirror that is worth downloading in pieces: its largest.</summary>
    public static ContentPath? Sample(CatalogView view)
        => view.TryGet(Name, out var mirror) && !mirror.Current.Entries.IsEmpty ? mirror.Current.Entries.MaxBy(static entry => entry.Size)!.Path : null;

    /// <summary>The frameworks below <c>shared/</c> whose assemblies are loaded; where the program carries its runtime along, its own folder.</summary>
    private static List<ImportFile> Files()
    {
        var folders = AppDomain.CurrentDomain.GetAssemblies()
            .Select(static assembly => assembly.IsDynamic ? null : Path.GetDirectoryName(assembly.Location))
            .Where(static folder => folder is { Length: > 0 } && Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(folder))) == "shared")
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        if (folders.Count == 0)
            return [.. FolderImport.List(AppContext.BaseDirectory, "")];
        return [.. folders.SelectMany(static folder => FolderImport.List(
            folder!, $"{Path.GetFileName(Path.GetDirectoryName(folder))}/{Path.GetFileName(folder)}/"))];
    }
}
