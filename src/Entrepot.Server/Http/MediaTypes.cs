using Microsoft.AspNetCore.StaticFiles;

namespace Entrepot.Server.Http;

/// <summary>Media types by file name: the framework's table, and the kinds of file that mirrors carry.</summary>
public static class MediaTypes
{
    private const string Unknown = "application/octet-stream";

    private static readonly FileExtensionContentTypeProvider Table = MakeTable();

    /// <summary>The media type for a file name; octets when nothing is known.</summary>
    public static string Of(string? fileName)
        => fileName is not null && Table.TryGetContentType(fileName, out var type) ? type : Unknown;

    private static FileExtensionContentTypeProvider MakeTable()
    {
        var table = new FileExtensionContentTypeProvider();
        foreach (var (extension, type) in new[]
        {
            (".deb", "application/vnd.debian.binary-package"), (".rpm", "application/x-rpm"), (".iso", "application/vnd.efi.iso"),
            (".img", Unknown), (".qcow2", Unknown), (".xz", "application/x-xz"), (".zst", "application/zstd"), (".bz2", "application/x-bzip2"),
            (".asc", "text/plain"), (".sig", "application/pgp-signature"), (".meta4", "application/metalink4+xml"),
            (".sha256", "text/plain; charset=utf-8"), (".md5", "text/plain; charset=utf-8"), (".yaml", "application/yaml"), (".yml", "application/yaml"),
        })
            table.Mappings[extension] = type;
        return table;
    }
}
