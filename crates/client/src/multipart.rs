//! The body of a deployment: `multipart/form-data` (RFC 7578).

/// One file to deploy; the ending of its name says what it is.
#[derive(Clone, Debug)]
pub struct ResourceFile {
    /// Its base name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The value of `content-type` and the body.
pub(crate) fn encode(files: &[ResourceFile]) -> (String, Vec<u8>) {
    let boundary = boundary(files);
    let mut body = Vec::new();
    for file in files {
        let name = file.name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        body.extend_from_slice(
            format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"resources\"; \
                 filename=\"{name}\"\r\ncontent-type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(&file.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A line that stands in none of the files.
fn boundary(files: &[ResourceFile]) -> String {
    (0..u32::MAX)
        .map(|number| format!("fermata-boundary-{number}"))
        .find(|boundary| {
            let line = format!("--{boundary}");
            !files.iter().any(|file| contains(&file.bytes, line.as_bytes()))
        })
        .unwrap_or_default()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_in_parts_between_a_boundary_that_none_of_them_has() {
        let files = [
            ResourceFile { name: "a \"b\".bpmn".into(), bytes: b"<x/>".to_vec() },
            ResourceFile { name: "c.bpmn".into(), bytes: b"--fermata-boundary-0".to_vec() },
        ];
        let (content_type, body) = encode(&files);
        assert_eq!(content_type, "multipart/form-data; boundary=fermata-boundary-1");
        let text = String::from_utf8(body).unwrap();
        assert_eq!(text.matches("--fermata-boundary-1\r\n").count(), 2);
        assert!(text.contains("filename=\"a %22b%22.bpmn\"\r\n"), "{text}");
        assert!(text.ends_with("\r\n--fermata-boundary-1--\r\n"), "{text}");
    }
}
