using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;

namespace Entrepot.Server.Client;

/// <summary>Where a token comes from: a text, or a file that may be replaced while a command runs.</summary>
public static class TokenSource
{
    /// <summary>A token that is known.</summary>
    /// <exception cref="FaultException"><see cref="ClientFault.Token"/>: it can't be sent in a header.</exception>
    public static Func<string?> OfText(string text, string from)
    {
        var token = Check(text.Trim(), from);
        return () => token;
    }

    /// <summary>The token of a file that must be there and be its owner's alone, as it is at each call.</summary>
    /// <exception cref="FaultException">The file is missing, others may read it, or it holds something else.</exception>
    public static Func<string?> OfFile(string path)
    {
        var read = Following(path, required: true);
        read();
        return read;
    }

    /// <summary>The token that a node keeps on its own machine; null where this user may not read it, or there is none.</summary>
    public static Func<string?> OfNode(string path)
    {
        var read = Following(path, required: false);
        return () =>
        {
            try
            {
                return read();
            }
            catch (FaultException error) when (error.Fault.Is(SecretFault.Unreadable))
            {
                return null;
            }
        };
    }

    private static Func<string?> Following(string path, bool required)
    {
        (DateTime Written, string? Token) last = default;
        return () =>
        {
            var written = File.GetLastWriteTimeUtc(path);
            if (last.Token is not null && last.Written == written)
                return last.Token;
            if (SecretFile.Read(path) is not { } bytes)
                return required
                    ? throw Fault.Of(ClientFault.Token, FaultKind.Invalid, $"There is no file '{path}' to read a token from.", "Name the file that holds it.").ToException()
                    : null;
            last = (written, Check(Encoding.UTF8.GetString(bytes).Trim(), $"'{path}'"));
            return last.Token;
        };
    }

    /// <summary>The characters of a bearer token (RFC 6750 §2.1).</summary>
    private static string Check(string token, string from)
        => token.Length > 0 && token.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' or '+' or '/' or '=')
            ? token
            : throw Fault.Of(ClientFault.Token, FaultKind.Invalid, $"What {from} holds is no token.", "Put there what 'entrepot token create' printed, and nothing else.").ToException();
}
