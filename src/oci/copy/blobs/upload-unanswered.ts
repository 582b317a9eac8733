/** Every byte of an upload was sent, and its registry said nothing in the time that storing it may take. */
export class UploadUnanswered extends Error {
  override readonly name = "UploadUnanswered";

  constructor(seconds: number) {
    super(`nothing came for ${seconds} s after the last byte`);
  }
}
