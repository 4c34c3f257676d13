using System.Text;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;

namespace Entrepot.Server.Client;

/// <summary>Remembers unfinished uploads across runs, one small file each, so that a push that was broken off goes on where it was.
/// Losing an entry costs only time, so errors here are never reported.</summary>
/// <param name="folder">Where the entries are.</param>
public sealed class UploadBook(string folder)
{
    /// <summary>Longest address that is believed.</summary>
    private const int MaxAddress = 2048;

    /// <summary>The upload of a blob to a surface that was begun earlier, or null.</summary>
    public Uri? Find(string surface, Sha256Digest blob)
    {
        try
        {
            var file = new FileInfo(Entry(surface, blob));
            if (!file.Exists || file.Length > MaxAddress)
                return null;
            // An address elsewhere would send the file to a stranger.
            return Uri.TryCreate(File.ReadAllText(file.FullName), UriKind.Absolute, out var address)
                && address.GetLeftPart(UriPartial.Authority) == new Uri(surface).GetLeftPart(UriPartial.Authority) ? address : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Notes an upload that was begun.</summary>
    public void Note(string surface, Sha256Digest blob, Uri upload)
    {
        try
        {
            DurableFolder.Create(folder);
            File.WriteAllText(Entry(surface, blob), upload.AbsoluteUri);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Then it can't go on in another run; it still can in this one.
        }
    }

    /// <summary>Strikes out an upload that ended.</summary>
    public void Strike(string surface, Sha256Digest blob)
    {
        try
        {
            File.Delete(Entry(surface, blob));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next run asks the server, which knows better.
        }
    }

    private string Entry(string surface, Sha256Digest blob)
        => Path.Combine(folder, Sha256Digest.Of(Encoding.UTF8.GetBytes($"{surface} {blob}")).Hex[..32]);
}
