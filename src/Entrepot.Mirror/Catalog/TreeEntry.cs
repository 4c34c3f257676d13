using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>One file of a snapshot.</summary>
/// <param name="Path">Where it is in the mirror.</param>
/// <param name="Digest">Its bytes.</param>
/// <param name="Size">Their length.</param>
/// <param name="Modified">The file's own time, UTC, whole seconds.</param>
public sealed record TreeEntry(ContentPath Path, Sha256Digest Digest, long Size, DateTimeOffset Modified);

/// <summary>One line of a folder listing.</summary>
/// <param name="Name">The last segment of the path.</param>
/// <param name="IsFolder">True for a folder, whose figures are those of everything below it.</param>
/// <param name="Size">Length in bytes; for a folder the sum.</param>
/// <param name="Modified">The file's own time; for a folder the newest.</param>
/// <param name="Digest">The file's bytes; null for a folder.</param>
/// <param name="Files">How many files: 1 for a file.</param>
public sealed record FolderEntry(string Name, bool IsFolder, long Size, DateTimeOffset Modified, Sha256Digest? Digest, int Files);
