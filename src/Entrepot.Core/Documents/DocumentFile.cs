using System.Text;
using Entrepot.Core.Faults;

namespace Entrepot.Core.Documents;

/// <summary>Reads the text of a document from disk.</summary>
public static class DocumentFile
{
    /// <summary>Reads a file as UTF-8, without its byte order mark.</summary>
    /// <typeparam name="TReason">The feature's enum of faults.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="unreadable">The reason to give when it can't be read.</param>
    /// <param name="kind">What kind of document it is, for cures: <c>settings file</c>.</param>
    /// <exception cref="FaultException">It can't be read, for the given reason.</exception>
    public static string ReadText<TReason>(string path, TReason unreadable, string kind)
        where TReason : struct, Enum
    {
        if (Directory.Exists(path))
            throw Fault.Of(unreadable, FaultKind.Invalid, $"'{path}' is a folder.", $"Name the {kind} in it.").ToException();
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException error)
        {
            throw Fault.Of(
                unreadable, FaultKind.Invalid, $"'{path}' is not UTF-8: byte {error.Index} belongs to no character.", "Save the file as UTF-8.").ToException(error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Fault.Of(
                unreadable, FaultKind.NotFound, $"there is no file '{path}'.", "Check the path; samples/ holds files to start from.").ToException(error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(unreadable, FaultKind.Unavailable, $"'{path}' can't be read: {error.Message}", "Check its permissions.").ToException(error);
        }
    }
}
