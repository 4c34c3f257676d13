using System.Globalization;
using System.Text;
using System.Xml;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Routing;

namespace Entrepot.Server.Scheduler;

/// <summary>Writes a metalink (RFC 5854): one file, what proves it and where it is.</summary>
internal static class MetalinkWriter
{
    private const string Namespace = "urn:ietf:params:xml:ns:metalink";

    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true, NewLineChars = "\n",
    };

    /// <summary>Writes the document.</summary>
    /// <param name="file">The file.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="selection">The edges, best first.</param>
    /// <param name="schedulerUrl">The scheduler's base address: the last resort, which always knows a way.</param>
    public static byte[] Write(ServedFile file, Fingerprint fingerprint, Selection selection, string schedulerUrl)
    {
        using var buffer = new MemoryStream();
        using (var xml = XmlWriter.Create(buffer, Settings))
        {
            xml.WriteStartDocument();
            xml.WriteStartElement("metalink", Namespace);
            Element(xml, "generator", Product.NameAndVersion);
            // Where a newer version of this document can be had.
            xml.WriteStartElement("origin", Namespace);
            xml.WriteAttributeString("dynamic", "true");
            xml.WriteString($"{schedulerUrl}{file.Address}.meta4");
            xml.WriteEndElement();
            Element(xml, "published", file.Snapshot.Info.PublishedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            xml.WriteStartElement("file", Namespace);
            xml.WriteAttributeString("name", Printable(file.Entry.Path.FileName));
            Element(xml, "size", fingerprint.Size.ToString(CultureInfo.InvariantCulture));
            Hash(xml, "sha-256", fingerprint.Digest.Hex);
            if (fingerprint.Md5 is { } md5)
                Hash(xml, "md5", md5.ToString());
            Pieces(xml, fingerprint);
            var priority = 1;
            foreach (var (edge, _) in selection.Chosen)
                Url(xml, priority++, edge.Url + file.PinnedAddress);
            Url(xml, priority, schedulerUrl + file.PinnedAddress);
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return buffer.ToArray();
    }

    private static void Pieces(XmlWriter xml, Fingerprint fingerprint)
    {
        // An empty file has no piece, and the element wants at least one hash.
        if (fingerprint.Pieces.IsEmpty)
            return;
        xml.WriteStartElement("pieces", Namespace);
        xml.WriteAttributeString("length", fingerprint.PieceSize.ToString(CultureInfo.InvariantCulture));
        xml.WriteAttributeString("type", "sha-256");
        foreach (var piece in fingerprint.Pieces)
            Element(xml, "hash", piece.Sha256.Hex);
        xml.WriteEndElement();
    }

    private static void Hash(XmlWriter xml, string type, string value)
    {
        xml.WriteStartElement("hash", Namespace);
        xml.WriteAttributeString("type", type);
        xml.WriteString(value);
        xml.WriteEndElement();
    }

    /// <summary>The attribute <c>location</c> is a country (ISO 3166-1), which a site is not, so it is left out.</summary>
    private static void Url(XmlWriter xml, int priority, string url)
    {
        xml.WriteStartElement("url", Namespace);
        xml.WriteAttributeString("priority", priority.ToString(CultureInfo.InvariantCulture));
        xml.WriteString(url);
        xml.WriteEndElement();
    }

    /// <summary>The name with the few characters replaced that XML 1.0 can't hold at all (§2.2: U+FFFE and U+FFFF).</summary>
    private static string Printable(string name) => name.Replace('\uFFFE', '\uFFFD').Replace('\uFFFF', '\uFFFD');

    private static void Element(XmlWriter xml, string name, string value) => xml.WriteElementString(name, Namespace, value);
}
